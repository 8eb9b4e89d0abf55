import { describe, expect, it } from 'vitest';
import type { TokenEntry } from '../../src/config/config.ts';
import { resolveTokens, tokenDigest, tokenLookup } from '../../src/config/secrets.ts';

const token = (name: string, secret: TokenEntry['secret']): TokenEntry => ({ name, role: 'client', secret, pins: {} });
const env = {
  A: 'a-long-enough-secret',
  B: 'another-long-secret\n',
  SHORT: 'hunter2',
  EMPTY: ' ',
  WORDS: 'two words of a secret',
};
const readFile = (path: string) => {
  if (path !== '/run/secrets/a') throw new Error('ENOENT');
  return 'from-a-mounted-file\n';
};

describe('secrets of tokens', () => {
  it('are kept as digests only', () => {
    const tokens = [token('a', { env: 'A' }), token('b', { env: 'B' }), token('c', { file: '/run/secrets/a' })];
    const resolved = resolveTokens({ tokens }, { env, readFile });
    if (!resolved.ok) throw new Error(resolved.problems.join());
    expect([...resolved.tokens].map(([digest, { name }]) => [digest, name])).toEqual([
      [tokenDigest('a-long-enough-secret'), 'a'],
      [tokenDigest('another-long-secret'), 'b'],
      [tokenDigest('from-a-mounted-file'), 'c'],
    ]);
    const lookup = tokenLookup(resolved.tokens);
    expect([lookup('another-long-secret')?.name, lookup('another-long-secre'), lookup('')]).toEqual([
      'b',
      undefined,
      undefined,
    ]);
    expect(JSON.stringify([...resolved.tokens])).not.toContain('long-enough');
  });

  it.each([
    [{ env: 'NONE' }, 'token "x": the environment variable NONE is missing or empty; put the secret there'],
    [{ env: 'EMPTY' }, 'token "x": the environment variable EMPTY is missing or empty; put the secret there'],
    [{ env: 'WORDS' }, 'token "x": the secret in the environment variable WORDS has white space; use one word'],
    [{ file: '/nowhere' }, 'token "x": the file /nowhere is missing or empty; put the secret there'],
    [
      { env: 'SHORT' },
      'token "x": the secret in the environment variable SHORT is shorter than 16 characters; use a random one',
    ],
  ])('of %j are a problem', (secret, problem) => {
    expect(resolveTokens({ tokens: [token('x', secret)] }, { env, readFile })).toEqual({
      ok: false,
      problems: [problem],
    });
  });

  it('that two tokens share are a problem, and all problems are told at once', () => {
    const tokens = [token('x', { env: 'A' }), token('y', { env: 'A' }), token('z', { env: 'NONE' })];
    const resolved = resolveTokens({ tokens }, { env, readFile });
    expect(!resolved.ok && resolved.problems).toEqual([
      'tokens "x" and "y" have the same secret; give each its own',
      'token "z": the environment variable NONE is missing or empty; put the secret there',
    ]);
  });
});

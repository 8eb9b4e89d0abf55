/** What a known SDK sends past every hook is said once, with the mend; what is somebody else's, and what is caught, is not. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { REGISTER } from '../../support/run-app.ts';
import { app, IMPORT, useStage } from '../../support/stage.ts';

const stage = useStage();

async function warningsOf(WAY: string, { late = false } = {}): Promise<string[]> {
  const env = { WAY, ...(late && { REGISTER }) };
  const { code, stdout, stderr } = await stage.run([...(late ? [] : IMPORT), app('uncaught.mjs')], env);
  expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: 'answered\n' });
  expect(stderr).not.toMatch(/secret|Grüße/);
  return stderr.split('\n').filter((line) => line !== '');
}

const PAST_FETCH =
  /^spendfuse: a openai-chat request to 127\.0\.0\.1:\d+ did not go through globalThis\.fetch as this patched it, so it was NEITHER METERED NOR CAPPED; load 'spendfuse\/register' before everything else/;

describe('warned about once, and neither held nor settled', () => {
  test.each([
    { way: 'the SDK, and its client made before', late: true, warning: PAST_FETCH },
    { way: 'a fetch brought along', warning: PAST_FETCH },
    {
      way: 'node-fetch',
      warning: /^spendfuse: this version of groq-sdk sends through node-fetch.* load 'groq-sdk\/shims\/web'/,
    },
    {
      way: 'node:http, as an SDK',
      warning: /did not go through globalThis\.fetch, so it was NEITHER METERED NOR CAPPED/,
    },
    {
      way: 'node:http, as an SDK, after a fetch of no format after all',
      warning: /did not go through globalThis\.fetch, so it was NEITHER METERED NOR CAPPED/,
    },
  ])('$way', async ({ way, late = false, warning }) => {
    expect(await warningsOf(way, { late })).toEqual([expect.stringMatching(warning)]);
    expect(stage.stub.reservations).toEqual([]);
  });
});

describe('caught, so nothing is said', () => {
  test.each([
    { way: 'the SDK, with a client made after', late: true },
    { way: 'the SDK required, and its client made before', late: true },
    { way: 'a fetch brought along, past the core', late: false },
    { way: 'the SDK, and its client made before', late: false },
  ])('$way', async ({ way, late }) => {
    expect(await warningsOf(way, { late })).toEqual([]);
    expect(stage.stub.settlements.map(({ end }) => end)).toEqual(['settled', 'settled']);
  });
});

describe('not of an SDK, so nothing is said', () => {
  test.each(['node:http, an application’s own', 'undici, an application’s own', 'fetch, of no format after all'])(
    '%s',
    async (way) => {
      expect(await warningsOf(way)).toEqual([]);
      expect(stage.stub.reservations).toEqual([]);
    },
  );
});

test('the README names the warning’s mends', () => {
  const readme = readFileSync(new URL('../../../instrumentations/README.md', import.meta.url), 'utf8');
  expect(readme).toContain('(...args) => globalThis.fetch(...args)');
});

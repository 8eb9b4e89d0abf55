/** Secrets of tokens, kept as digests only: what is not stored cannot leak, and a lookup tells nothing by its time. */
import { createHash } from 'node:crypto';
import type { Config, TokenEntry } from './config.ts';

/** Shorter ones can be guessed. */
export const MIN_SECRET_LENGTH = 16;

export interface SecretSources {
  env: Readonly<Record<string, string | undefined>>;
  /** Throws when there is no such file. */
  readFile: (path: string) => string;
}

export type ResolvedTokens =
  /** SHA-256 of the secret, as `tokenDigest` writes it → the token. Empty: the config declares none. */
  | { ok: true; tokens: ReadonlyMap<string, TokenEntry> }
  /** Each names the token, its variable or file, and the mend; never a secret. */
  | { ok: false; problems: readonly string[] };

/** Hex SHA-256 of a secret: what is looked up when a caller presents one. */
export function tokenDigest(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** The token of a presented secret; its digest is looked up, so the time it takes tells nothing of near misses. */
export function tokenLookup(tokens: ReadonlyMap<string, TokenEntry>): (secret: string) => TokenEntry | undefined {
  return (secret) => tokens.get(tokenDigest(secret));
}

/** Reads every token's secret; all problems at once. */
export function resolveTokens(config: Pick<Config, 'tokens'>, sources: SecretSources): ResolvedTokens {
  const tokens = new Map<string, TokenEntry>();
  const problems: string[] = [];
  for (const token of config.tokens) {
    const secret = readSecret(token, sources);
    if ('problem' in secret) {
      problems.push(secret.problem);
      continue;
    }
    const digest = tokenDigest(secret.value);
    const twin = tokens.get(digest);
    if (twin) problems.push(`tokens "${twin.name}" and "${token.name}" have the same secret; give each its own`);
    else tokens.set(digest, token);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, tokens };
}

function readSecret({ name, secret }: TokenEntry, sources: SecretSources): { value: string } | { problem: string } {
  const where = 'env' in secret ? `environment variable ${secret.env}` : `file ${secret.file}`;
  const text = ('env' in secret ? sources.env[secret.env] : contentOf(secret.file, sources))?.trim();
  if (!text) return { problem: `token "${name}": the ${where} is missing or empty; put the secret there` };
  // It travels as one word in the Authorization header.
  if (/\s/.test(text)) return { problem: `token "${name}": the secret in the ${where} has white space; use one word` };
  if (text.length >= MIN_SECRET_LENGTH) return { value: text };
  return {
    problem: `token "${name}": the secret in the ${where} is shorter than ${MIN_SECRET_LENGTH} characters; use a random one`,
  };
}

function contentOf(path: string, { readFile }: SecretSources): string | undefined {
  try {
    return readFile(path);
  } catch {
    return undefined;
  }
}

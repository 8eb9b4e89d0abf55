import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Calls back when the content of a token's secret file changed, as two looks in a row agree: secrets are rotated without a
 * word in the config. Answers how to stop. Contents are compared by digest and not kept.
 */
export function watchSecrets(config: () => Config, onChange: () => void, everyMs = LOOK_EVERY_MS): () => void {
  const files = () => config().tokens.flatMap(({ secret }) => ('file' in secret ? [secret.file] : []));
  const look = () => new Map(files().map((file) => [file, digestOf(file)]));
  let settled = look();
  let previous = settled;
  const timer = setInterval(() => {
    const current = look();
    const isStable = !differs(current, previous);
    previous = current;
    if (!isStable) return;
    // Files that came or went with the config were read with it.
    const changed = differs(current, settled);
    settled = current;
    if (changed) onChange();
  }, everyMs).unref();
  return () => clearInterval(timer);
}

function differs(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return [...one].some(([file, digest]) => other.has(file) && other.get(file) !== digest);
}

function digestOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return 'missing';
  }
}

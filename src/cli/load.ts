import type { Config } from '../config/config.ts';
import { type Finding, formatFinding, loadConfig } from '../config/load.ts';

/** Every mistake at once, one a line, ready to print. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Errors: `ConfigError`. Warnings are answered, not printed. */
export function loadOrThrow(path: string): { config: Config; warnings: readonly Finding[] } {
  const loaded = loadConfig({ path });
  if (loaded.ok) return loaded;
  const lines = loaded.findings.map(formatFinding);
  const count = lines.length === 1 ? 'one mistake' : `${lines.length} mistakes`;
  throw new ConfigError(`${count} in the config:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

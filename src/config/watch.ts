/**
 * Watches a config by content. ConfigMaps swap links, editors replace files and network mounts report nothing, so the
 * files are read again at an interval; a change counts once two readings in a row agree on it.
 */
import { Report } from './finding.ts';
import { readSources, type SourceOptions } from './sources.ts';

export interface WatchOptions extends Omit<SourceOptions, 'path'> {
  intervalMs?: number;
  /** `hash` of the config in use, so that nothing that changed since it was loaded is missed. */
  knownHash?: string;
}

export interface ConfigWatch {
  /** Looks now instead of at the next interval. */
  poll(): void;
  stop(): void;
}

/** Calls back after the text of any file changed, a file came or went; not when it was only touched. */
export function watchConfig(path: string, onChange: () => void, options: WatchOptions = {}): ConfigWatch {
  const { intervalMs = 1000, knownHash, ...access } = options;
  const read = () => readSources({ path, ...access }, new Report()).hash;
  let settled = knownHash ?? read();
  let previous = settled;
  const poll = () => {
    const current = read();
    const stable = current === previous;
    previous = current;
    if (!stable || current === settled) return;
    settled = current;
    onChange();
  };
  const timer = setInterval(poll, intervalMs);
  timer.unref();
  return { poll, stop: () => clearInterval(timer) };
}

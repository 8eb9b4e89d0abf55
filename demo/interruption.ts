import { constants } from 'node:os';

/** Somebody wants the demo to end. */
export class Interrupted extends Error {
  /** As a shell says it: 128 and the signal's number. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const PARENT_CHECK_MS = 500;

/** Rejects with `Interrupted` on a signal, and when nobody reads or started this any more. */
export function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of SIGNALS) process.on(signal, () => reject(new Interrupted(signal)));
    process.stdout.on('error', () => reject(new Interrupted('SIGPIPE')));
    if (process.env.npm_lifecycle_event !== undefined) onOrphaned(() => reject(new Interrupted('SIGTERM')));
  });
}

/** npm hands signals to its shell, which dies of them without telling us: the sign is that our parent is another. */
function onOrphaned(then: () => void): void {
  const parent = process.ppid;
  const check = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(check);
    then();
  }, PARENT_CHECK_MS);
  check.unref();
}

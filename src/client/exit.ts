/**
 * What happens to settlements when the process ends. Its exit code, signal and moment stay the application's:
 *
 * - the event loop runs empty: what is left is sent, for at most a second, and the session ends
 * - SIGTERM, SIGINT and nobody else listens: the same, then the signal again, so that the process dies of it
 * - process.exit, an uncaught exception, or the server did not take it: written to a file for the next process
 * - SIGKILL: nothing can be done; the server finds the session silent and keeps its holds as unresolved
 */
import { isMainThread } from 'node:worker_threads';
import type { DurationMs } from '../domain/time.ts';

const LAST_SEND_MS: DurationMs = 1_000;
const SIGNAL_SEND_MS: DurationMs = 500;

export interface Closing {
  /** Whether there is anything to send or to end. */
  pending(): boolean;
  /** Sends what can be sent and ends the session. Never rejects. */
  close(timeoutMs: DurationMs): Promise<void>;
  /** Saves what is left, synchronously. Never throws. */
  save(): void;
}

export function onProcessEnd(closing: Closing): void {
  let closingNow = false;
  process.on('beforeExit', () => {
    if (closingNow || !closing.pending()) return;
    closingNow = true;
    void closing.close(LAST_SEND_MS).finally(() => {
      closingNow = false;
    });
  });
  process.on('exit', () => closing.save());
  if (isMainThread) for (const signal of ['SIGTERM', 'SIGINT'] as const) onSignal(signal, closing);
}

function onSignal(signal: NodeJS.Signals, closing: Closing): void {
  const listener = (): void => {
    if (process.listenerCount(signal) > 1) return; // The application has its own way of ending.
    void closing.close(SIGNAL_SEND_MS).finally(() => {
      closing.save();
      process.removeListener(signal, listener);
      process.kill(process.pid, signal);
    });
  };
  process.on(signal, listener);
}

import type { Logger } from 'pino';
import type { Enforcer } from '../enforce/enforcer.ts';

const LOOK_EVERY_MS = 100;

/**
 * Logs when the server stops deciding and why, and when it decides again: one line for each change, however many calls meet
 * it. A further reason during the same outage is told once as well. Answers how to stop.
 */
export function tellReadiness(enforcer: Pick<Enforcer, 'readiness'>, log: Logger, everyMs = LOOK_EVERY_MS): () => void {
  const told = new Set<string>();
  const look = (): void => {
    const { ready, reasons } = enforcer.readiness();
    if (ready && told.size > 0) log.info('ready again: decisions are made');
    if (ready) told.clear();
    for (const reason of reasons) {
      // The same reason with another number in it, say of minutes, is the same.
      const kind = reason.replaceAll(/\d+/g, '0');
      if (!told.has(kind)) log.warn(`not ready, nothing is decided: ${reason}`);
      told.add(kind);
    }
  };
  look();
  const timer = setInterval(look, everyMs).unref();
  return () => clearInterval(timer);
}

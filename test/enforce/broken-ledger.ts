import { type Ledger, LedgerUnavailable } from '../../src/ledger/ledger.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';

type Step = keyof Ledger;

/** A memory ledger whose steps fail, or wait, when a test says so. */
export function breakable() {
  const failing = new Set<Step>();
  const held = new Map<Step, { arrived: () => void; until: Promise<void> }>();
  const inner = createMemoryLedger();
  const ledger = new Proxy(inner, {
    get(target, name: Step) {
      const step = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (failing.has(name) || failing.has('close'))
          throw new LedgerUnavailable('ledger x: the disk is full; make room');
        const answer = await step.apply(target, args);
        const wait = held.get(name);
        wait?.arrived();
        await wait?.until;
        return answer;
      };
    },
  });
  return {
    ledger,
    /** These steps fail from now on; none: all of them do. */
    fail(...steps: Step[]) {
      for (const step of steps.length > 0 ? steps : (['close'] as const)) failing.add(step);
    },
    heal: () => failing.clear(),
    /** The step is done, but its answer stays away until `go`. `arrived` resolves when it is done. */
    hold(step: Step) {
      const arrived = Promise.withResolvers<void>();
      const until = Promise.withResolvers<void>();
      held.set(step, { arrived: arrived.resolve, until: until.promise });
      return {
        arrived: arrived.promise,
        go: () => {
          held.delete(step);
          until.resolve();
        },
      };
    },
  };
}

import type { Decided, Patience, Refusal } from './enforcer.ts';
import type { WaitingRoom } from './waiting.ts';

/** An attempt that waits. */
export interface Waits {
  /** What it demands now; a reload may change it meanwhile. */
  instances(): readonly string[];
  /** Undefined when only live holds are in the way still. */
  tryAgain(): Promise<Decided | Refusal | undefined>;
  tooLate(): Decided;
  /** Calls back when the wait has been long enough, unless called off. */
  afterMaxWait(giveUp: () => void): () => void;
  /** Called around each try; `left` answers whether a hold granted in it is nobody's. */
  asks(): void;
  left(): boolean;
  giveBack(): Promise<void>;
}

/**
 * Waits its turn. Whoever ends the wait (a grant, a denial, the time, the caller) ends it once, and a hold granted to a
 * caller that has gone meanwhile is given back.
 */
export function waitInLine(waiting: WaitingRoom, patience: Patience, waits: Waits): Promise<Decided | Refusal> {
  const { promise, resolve, reject } = Promise.withResolvers<Decided | Refusal>();
  let isOver = false;
  const end = (settle: () => void): void => {
    if (isOver) return;
    isOver = true;
    callOff();
    patience.signal.removeEventListener('abort', giveUp);
    waiting.leave(waiter);
    settle();
    // Who stood behind may go now.
    void waiting.wake();
  };
  const giveUp = (): void => end(() => resolve(waits.tooLate()));
  const retry = async (): Promise<boolean> => {
    let isTooLate = false;
    waits.asks();
    try {
      const decided = await waits.tryAgain();
      isTooLate = isOver && decided !== undefined && 'granted' in decided && !decided.replayed;
      if (decided) end(() => resolve(decided));
      return decided !== undefined;
    } catch (error) {
      end(() => reject(error));
      return true;
    } finally {
      const isNobodys = waits.left();
      if (isTooLate && isNobodys) await waits.giveBack();
    }
  };
  const waiter = {
    get instances() {
      return waits.instances();
    },
    retry,
  };
  const callOff = waits.afterMaxWait(giveUp);
  patience.signal.addEventListener('abort', giveUp, { once: true });
  waiting.add(waiter);
  patience.onWait();
  if (patience.signal.aborted) giveUp();
  // What was in the way may have ended between the try and taking a place in line.
  else void waiting.wake();
  return promise;
}

import type { Decided, Patience, Refusal } from './enforcer.ts';
import type { Line, WaitingRoom } from './waiting.ts';

/** An attempt that waits. */
export interface Waits {
  lines(): readonly Line[];
  /** Undefined when only live holds are in the way still. */
  tryAgain(): Promise<Decided | Refusal | undefined>;
  /** The wait has been long enough: whatever can be had now. */
  lastTry(): Promise<Decided | Refusal | undefined>;
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
    void waiting.wake(accountsOf(waits));
  };
  const giveUp = (): void => end(() => resolve(waits.tooLate()));
  const decide = async (tries: () => Promise<Decided | Refusal | undefined>): Promise<boolean> => {
    let isTooLate = false;
    waits.asks();
    try {
      const decided = await tries();
      isTooLate = isOver && decided !== undefined && 'granted' in decided;
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
  const waiter = { lines: () => waits.lines(), retry: () => decide(() => waits.tryAgain()) };
  const timeIsUp = async (): Promise<void> => {
    if (!(await decide(() => waits.lastTry()))) giveUp();
  };
  const callOff = waits.afterMaxWait(() => void timeIsUp());
  patience.signal.addEventListener('abort', giveUp, { once: true });
  waiting.add(waiter);
  patience.onWait();
  if (patience.signal.aborted) giveUp();
  // What was in the way may have ended between the try and taking a place in line.
  else void waiting.wake(accountsOf(waits));
  return promise;
}

function accountsOf(waits: Waits): string[] {
  return waits.lines().map(({ account }) => account);
}

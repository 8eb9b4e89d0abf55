/** The provider: it counts what it truly did for each attempt, and what it tells of that may be wrong, short or lost. */
import type { Bill, TrueAttempt } from './attempt.ts';
import type { World } from './world.ts';

export type Answer =
  | { kind: 'answered'; bill: Bill }
  /** An error before any output: nothing is billed. */
  | { kind: 'rejected' }
  /** The stream broke off; this much of it was seen. */
  | { kind: 'broken'; seen: Bill }
  /** Nothing came back; it may have been billed. */
  | { kind: 'silent' };

const FATES = { answered: 80, rejected: 5, broken: 6, silent: 3, unheard: 2, above: 4 };

export class Provider {
  readonly attempts = new Map<string, TrueAttempt>();
  /** Sum over all attempts ever billed. */
  billedNanoUsd = 0n;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** `tell` is called once, or not at all. */
  call(attempt: TrueAttempt, tell: (answer: Answer) => void): void {
    const { random, time, trace } = this.#world;
    const fate = random.weighted(FATES);
    trace.count(`provider: ${fate}`);
    const latency = random.skewed(50, random.chance(0.02) ? 90_000 : 12_000);
    const answer = (what: Answer): void => void time.after(latency, () => tell(what));
    if (fate === 'unheard') answer({ kind: 'silent' });
    else if (fate === 'rejected') answer({ kind: 'rejected' });
    else {
      time.after(random.whole(1, 30), () => {
        const bill = this.#work(attempt, fate === 'above');
        if (fate === 'silent') answer({ kind: 'silent' });
        else if (fate === 'broken') answer({ kind: 'broken', seen: this.#partOf(bill) });
        else answer({ kind: 'answered', bill });
      });
    }
  }

  #work(attempt: TrueAttempt, isAbove: boolean): Bill {
    const { random, judge, trace } = this.#world;
    const { boundInput, boundOutput } = attempt;
    const inputTokens = random.whole(Math.ceil(boundInput * 0.2), boundInput);
    const outputTokens = isAbove ? boundOutput + random.whole(1, 300) : random.skewed(0, boundOutput);
    attempt.bill = { inputTokens, outputTokens };
    const cost = judge.received(attempt);
    this.billedNanoUsd += cost;
    trace.note('provider bills', attempt.id, `${cost}`);
    return attempt.bill;
  }

  #partOf({ inputTokens, outputTokens }: Bill): Bill {
    return { inputTokens, outputTokens: this.#world.random.whole(0, outputTokens) };
  }
}

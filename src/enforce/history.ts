/**
 * A new or changed budget starts from its window's ledger history, never at 0: booked settlements of the window are posted
 * to its instances, each once, and calls in flight are adopted. Which definitions are in force is written in the ledger, so
 * that this happens when one comes into force and goes on after a crash.
 */
import type { BudgetInstance } from '../domain/budget.ts';
import { capOf } from '../domain/evaluate.ts';
import type { EpochMs } from '../domain/time.ts';
import { sinceAt, windowAt } from '../domain/window.ts';
import type { HoldRecord, Ledger, Posting, Settlement } from '../ledger/ledger.ts';
import { costOf } from '../pricing/price.ts';
import { type Definition, definitionIdOf, definitionsOf, isOfDefinition, Marks } from './definitions.ts';
import { accountOf } from './plan.ts';
import type { Policy } from './policy.ts';

const PAGE = 1_000;

/** One filling of a policy's new definitions. Errors everywhere: `LedgerUnavailable`; nothing is posted twice. */
export class Filling {
  readonly #ledger: Ledger;
  readonly #policy: Policy;
  readonly #marks: Marks;
  readonly #fresh: readonly Definition[];
  readonly #freshIds: ReadonlySet<string>;
  /** Of those that act, the ones that did not, not on the same attempts, or may not have. */
  readonly #actingIds: ReadonlySet<string>;
  /** A budget acts on attempts on which it did not act, as far as this can be known. */
  readonly beginsToAct: boolean;
  /** Nothing acted before, so that sessions did not ask. */
  readonly isFirstToAct: boolean;
  /** Where the last page began: it is read again, because it grows. */
  #cursor: string | undefined;
  #from: EpochMs | undefined;

  private constructor(
    ledger: Ledger,
    policy: Policy,
    marks: Marks,
    {
      fresh,
      acting,
      beginsToAct,
    }: { fresh: readonly Definition[]; acting: readonly Definition[]; beginsToAct: boolean },
  ) {
    this.#ledger = ledger;
    this.#policy = policy;
    this.#marks = marks;
    this.#fresh = fresh;
    this.#freshIds = new Set(fresh.map(({ id }) => id));
    this.#actingIds = new Set(acting.map(({ id }) => id));
    this.beginsToAct = beginsToAct;
    this.isFirstToAct = beginsToAct && marks.isIdle;
  }

  /** `before` is the policy in force until now; at the start the ledger alone knows. */
  static async of(ledger: Ledger, policy: Policy, before?: Policy): Promise<Filling> {
    const marks = await Marks.read(ledger);
    const earlier = before && new Set(definitionsOf(before).map(({ id }) => id));
    const isFresh = ({ id }: Definition): boolean => !marks.isFilled(id) || (earlier !== undefined && !earlier.has(id));
    const acted = before && new Map(definitionsOf(before).map(({ id, acts }) => [id, acts]));
    const definitions = definitionsOf(policy);
    const acting = definitions.filter(({ id, acts }) => acts !== '' && acted?.get(id) !== acts);
    // At the start the ledger alone knows what acted before.
    const beginsToAct = acted ? acting.length > 0 : acting.some((each) => isFresh(each) || marks.isChanged(each));
    return new Filling(ledger, policy, marks, { fresh: definitions.filter(isFresh), acting, beginsToAct });
  }

  /**
   * Posts what is booked until now; called again, what was booked since. The first time may take long, so attempts go on
   * meanwhile under the old policy: nobody decides by these accounts yet.
   */
  async catchUp(now: EpochMs): Promise<void> {
    if (this.#fresh.length === 0) return;
    this.#from ??= Math.min(...this.#fresh.map(({ window }) => sinceAt(window, now)));
    for (;;) {
      const after = this.#cursor === undefined ? {} : { cursor: this.#cursor };
      const page = await this.#ledger.settlements({ from: this.#from, limit: PAGE, ...after });
      const postings = page.items.flatMap((item) => postingsOf(this.#policy, item, now, this.#isFresh));
      if (postings.length > 0) await this.#ledger.backfill(postings, now);
      if (page.next === undefined) return;
      this.#cursor = page.next;
    }
  }

  /** Calls in flight count too. Nothing may be admitted from here on until the policy is in force. */
  async adopt(now: EpochMs): Promise<void> {
    if (this.#fresh.length === 0 && this.#actingIds.size === 0) return;
    await adoptOpen(this.#ledger, this.#policy, now, (instance) => {
      return this.#isFresh(instance) || (!instance.shadow && this.#actingIds.has(definitionIdOf(instance)));
    });
  }

  /** Writes down, last of all, which definitions are in force. */
  async mark(at: EpochMs, by: string): Promise<void> {
    await this.#marks.write(this.#ledger, definitionsOf(this.#policy), at, by);
  }

  readonly #isFresh = (instance: BudgetInstance): boolean => this.#freshIds.has(definitionIdOf(instance));
}

function postingsOf(
  policy: Policy,
  settlement: Settlement,
  now: EpochMs,
  isFresh: (instance: BudgetInstance) => boolean,
): (Posting & { seq: number })[] {
  const { seq, attribution, model, admittedAt, receipt } = settlement;
  const asked = policy.match(attribution);
  const served = model === attribution.model ? [] : policy.match({ ...attribution, model });
  const extra = served.filter(({ budget }) => !asked.some((instance) => instance.budget.name === budget.name));
  return [...asked, ...extra]
    .filter(
      (instance) => isFresh(instance) && windowAt(instance.window, admittedAt).end > sinceAt(instance.window, now),
    )
    .map((instance) => ({
      seq,
      ...accountOf(instance, admittedAt),
      amountNanoUsd: costOf(receipt, instance.budget.classes),
    }));
}

/** Calls in flight count for the new accounts as well, at their whole worst case; estimated ones at what is unresolved. */
async function adoptOpen(
  ledger: Ledger,
  policy: Policy,
  now: EpochMs,
  isAdopting: (instance: BudgetInstance) => boolean,
): Promise<void> {
  // A slice is money for attempts that nobody knows yet; those drawn from it have holds of their own when they are told of.
  const attempts = (await ledger.openHolds()).filter(({ slice }) => !slice);
  await adoptHolds(ledger, policy, attempts, now, isAdopting);
}

/** Adds what the policy demands of these attempts, and their holds were made without. */
export async function adoptHolds(
  ledger: Ledger,
  policy: Policy,
  attempts: readonly HoldRecord[],
  now: EpochMs,
  isAdopting: (instance: BudgetInstance) => boolean = () => true,
): Promise<void> {
  const adopted = attempts.flatMap(({ attemptId, attribution, admittedAt, demands, ...hold }) => {
    const amountNanoUsd = hold.state.state === 'settled' ? hold.remainderNanoUsd : hold.amountNanoUsd;
    return (
      policy
        .match(attribution)
        // Of one definition an attempt has one account, though instances may be told apart otherwise after a start.
        .filter((instance) => isAdopting(instance) && !demands.some((demand) => isOfDefinition(demand, instance)))
        .flatMap((instance) => {
          const cap = capOf(instance, attribution);
          if (!cap) return [];
          const account = accountOf(instance, admittedAt);
          const expected = instance.holds !== 'strict' && { expected: true as const };
          return [{ attemptId, demand: { ...account, amountNanoUsd, capNanoUsd: cap.capNanoUsd, ...expected } }];
        })
    );
  });
  if (adopted.length > 0) await ledger.adopt(adopted, now);
}

import type { Attribution } from '../domain/attribution.ts';
import type { BudgetInstance } from '../domain/budget.ts';
import { capOf, softDecision } from '../domain/evaluate.ts';
import { type HeldShare, heldOf } from '../domain/held-share.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import type { UsageBound } from '../domain/usage.ts';
import { sinceAt, windowAt } from '../domain/window.ts';
import type { AccountDemand } from '../ledger/ledger.ts';
import { boundOf } from '../pricing/bound.ts';
import type { RateCard } from '../pricing/pricing.ts';
import { habitOf, type Learned } from './learned.ts';
import type { Policy } from './policy.ts';
import type { Standing } from './standing.ts';

/** What an attempt would take, after a rewrite if a budget asks for one. */
export interface Plan {
  card: RateCard;
  attribution: Attribution;
  instances: readonly BudgetInstance[];
  model: string;
  bound: UsageBound;
  amountNanoUsd: NanoUsd;
  demands: AccountDemand[];
  /** What each demand holds of its worst case: of `holds: expected`. Undefined: all of it. */
  held: readonly (HeldShare | undefined)[];
  decision: 'allow' | 'warn' | 'downgrade';
  /** With `warn` and `downgrade`: who says so. */
  by?: BudgetInstance;
  rewrite?: { model?: string; maxOutputTokens?: number };
  /** Of a plan whose output was shortened: not below this, for each choice. */
  leastOutputTokens?: number;
}

export interface Asked {
  attribution: Attribution;
  provider: string;
  model: string;
  bound: UsageBound;
}

/** `learned`: what budgets with `holds: expected` hold by; without it they hold the whole worst case too. */
export function planAttempt(
  policy: Policy,
  standing: Standing,
  asked: Asked,
  now: EpochMs,
  learned?: Pick<Learned, 'share'>,
): Plan {
  const { model } = asked;
  const attribution = naming(asked.attribution, asked.provider, model);
  const instances = policy.match(attribution);
  const spent = instances.map((instance) => ({ instance, spentNanoUsd: standing.spent(instance, now) }));
  const soft = softDecision(spent, attribution, model);
  const taking = { policy, asked, attribution, instances, now, learned };
  if (soft.decision !== 'downgrade') {
    const by = soft.decision === 'warn' ? { by: soft.by } : {};
    return { ...take(taking), decision: soft.decision, ...by };
  }
  const { by, ...rewrite } = soft.rewrite;
  const rewritten = { ...asked, model: rewrite.model ?? model, bound: narrowed(asked.bound, rewrite.maxOutputTokens) };
  // Another model may be another budget's business: matched again, once.
  const renamed = { ...attribution, model: rewritten.model };
  const again = { ...taking, asked: rewritten, attribution: renamed, instances: policy.match(renamed) };
  return { ...take(again), decision: 'downgrade', by, rewrite };
}

/** Most know the call already: the same object then. */
function naming(attribution: Attribution, provider: string, model: string): Attribution {
  if (attribution.provider === provider && attribution.model === model) return attribution;
  return { ...attribution, provider, model };
}

interface Taking {
  policy: Policy;
  asked: Asked;
  attribution: Attribution;
  instances: readonly BudgetInstance[];
  now: EpochMs;
  learned: Pick<Learned, 'share'> | undefined;
}

function take({ policy, asked, attribution, instances, now, learned }: Taking): Omit<Plan, 'decision'> {
  const { model, bound } = asked;
  const card = policy.catalogue.card(asked.provider, model, now);
  const amountNanoUsd = boundOf(card, bound);
  const taken: { demand: AccountDemand; held: HeldShare | undefined; pauses: boolean }[] = [];
  for (const instance of instances) {
    const cap = capOf(instance, attribution);
    if (!cap) continue;
    const { classes } = instance.budget;
    const worstNanoUsd = classes ? boundOf(card, bound, classes) : amountNanoUsd;
    const held = shareOf(instance, attribution, now, learned);
    const demand: AccountDemand = {
      ...accountOf(instance, now),
      amountNanoUsd: heldOf(worstNanoUsd, held),
      capNanoUsd: cap.capNanoUsd,
      ...(instance.holds !== 'strict' && { expected: true }),
    };
    taken.push({ demand, held, pauses: cap.threshold.action === 'pause' });
  }
  // The ledger answers with the first demand that does not fit: the strictest speaks for all.
  const isMixed = taken.some(({ pauses }) => pauses) && taken.some(({ pauses }) => !pauses);
  const ordered = isMixed ? taken.toSorted((a, b) => Number(a.pauses) - Number(b.pauses)) : taken;
  const demands = ordered.map(({ demand }) => demand);
  const held = ordered.map((each) => each.held);
  return { card, attribution, instances, model, bound, amountNanoUsd, demands, held };
}

function shareOf(
  { holds, budget }: BudgetInstance,
  attribution: Attribution,
  now: EpochMs,
  learned: Pick<Learned, 'share'> | undefined,
): HeldShare | undefined {
  // What a class of cost is of the whole is not learned.
  if (holds === 'strict' || budget.classes) return undefined;
  return learned?.share(habitOf(attribution), holds.expectedBasisPoints, now);
}

/** The account of an instance in which an attempt admitted at `at` is booked. */
export function accountOf(
  instance: BudgetInstance,
  at: EpochMs,
): Pick<AccountDemand, 'budget' | 'instance' | 'window' | 'since'> {
  return {
    budget: instance.budget.name,
    instance: instance.account,
    window: windowAt(instance.window, at),
    since: sinceAt(instance.window, at),
  };
}

function narrowed(bound: UsageBound, maxOutputTokens: number | undefined): UsageBound {
  if (maxOutputTokens === undefined) return bound;
  const most = maxOutputTokens * (bound.choices ?? 1);
  return { ...bound, outputTokens: Math.min(bound.outputTokens ?? most, most) };
}

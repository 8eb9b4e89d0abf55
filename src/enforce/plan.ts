import type { Attribution } from '../domain/attribution.ts';
import type { BudgetInstance } from '../domain/budget.ts';
import { capOf, softDecision } from '../domain/evaluate.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import type { UsageBound } from '../domain/usage.ts';
import { sinceAt, windowAt } from '../domain/window.ts';
import type { AccountDemand } from '../ledger/ledger.ts';
import { boundOf } from '../pricing/bound.ts';
import type { RateCard } from '../pricing/pricing.ts';
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
  decision: 'allow' | 'warn' | 'downgrade';
  /** With `warn` and `downgrade`: who says so. */
  by?: BudgetInstance;
  rewrite?: { model?: string; maxOutputTokens?: number };
}

export interface Asked {
  attribution: Attribution;
  provider: string;
  model: string;
  bound: UsageBound;
}

export function planAttempt(policy: Policy, standing: Standing, asked: Asked, now: EpochMs): Plan {
  const { model } = asked;
  const attribution = { ...asked.attribution, provider: asked.provider, model };
  const instances = policy.match(attribution);
  const spent = instances.map((instance) => ({ instance, spentNanoUsd: standing.spent(instance, now) }));
  const soft = softDecision(spent, attribution, model);
  if (soft.decision !== 'downgrade') {
    const by = soft.decision === 'warn' ? { by: soft.by } : {};
    return { ...take(policy, asked, attribution, instances, now), decision: soft.decision, ...by };
  }
  const { by, ...rewrite } = soft.rewrite;
  const rewritten = { ...asked, model: rewrite.model ?? model, bound: narrowed(asked.bound, rewrite.maxOutputTokens) };
  // Another model may be another budget's business: matched again, once.
  const renamed = { ...attribution, model: rewritten.model };
  return { ...take(policy, rewritten, renamed, policy.match(renamed), now), decision: 'downgrade', by, rewrite };
}

function take(
  policy: Policy,
  asked: Asked,
  attribution: Attribution,
  instances: readonly BudgetInstance[],
  now: EpochMs,
): Omit<Plan, 'decision'> {
  const { model, bound } = asked;
  const card = policy.catalogue.card(asked.provider, model, now);
  const amountNanoUsd = boundOf(card, bound);
  const demands: AccountDemand[] = [];
  const pausing: AccountDemand[] = [];
  for (const instance of instances) {
    const cap = capOf(instance, attribution);
    if (!cap) continue;
    const { classes } = instance.budget;
    const demand = {
      ...accountOf(instance, now),
      amountNanoUsd: classes ? boundOf(card, bound, classes) : amountNanoUsd,
      capNanoUsd: cap.capNanoUsd,
    };
    if (cap.threshold.action === 'pause') pausing.push(demand);
    else demands.push(demand);
  }
  // The ledger answers with the first demand that does not fit: the strictest speaks for all.
  demands.push(...pausing);
  return { card, attribution, instances, model, bound, amountNanoUsd, demands };
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

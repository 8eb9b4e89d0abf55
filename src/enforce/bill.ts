import { hash } from 'node:crypto';
import { type Attribution, MAX_ATTRIBUTION_VALUE_LENGTH } from '../domain/attribution.ts';
import type { BudgetInstance } from '../domain/budget.ts';
import type { Evidence } from '../domain/evidence.ts';
import { instanceKey, parseAccount } from '../domain/instance.ts';
import { MAX_NANO_USD, type NanoUsd } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { DurationMs, EpochMs } from '../domain/time.ts';
import type { Usage } from '../domain/usage.ts';
import type { AccountDemand, HoldRecord, Posting, SettleRequest } from '../ledger/ledger.ts';
import { costOf, price, usageProblem } from '../pricing/price.ts';
import { evidenceFromWire } from '../protocol/evidence.ts';
import { usageFromWire } from '../protocol/usage.ts';
import type { SettlementBody, SettlementRequest } from '../protocol/wire.ts';
import { isOfDefinition } from './definitions.ts';
import { accountOf } from './plan.ts';
import type { Policy } from './policy.ts';

/** What the ledger is asked to book, and the instances it counts for. */
export interface Bill {
  request: SettleRequest;
  instances: readonly BudgetInstance[];
  /** The attempt's whole worst case, where it was asked for. */
  worstNanoUsd?: NanoUsd;
}

/** Who and when an attempt was: of its hold, else as its settlement says. */
export type Attempted = Pick<
  SettleRequest,
  'attemptId' | 'callId' | 'session' | 'provider' | 'model' | 'attribution' | 'admittedAt'
>;

/** What was set aside for an attempt. */
export type SetAside = Pick<HoldRecord, 'amountNanoUsd' | 'demands'>;

/** How old a settlement without a hold may say it is: journals of a long outage, not of another age. */
const MAX_UNKNOWN_AGE_MS: DurationMs = 7 * 24 * 3_600_000;

/** Errors: `RangeError` when the usage is impossible. */
export function billOf(policy: Policy, attempted: Attempted, hold: SetAside | undefined, body: SettlementBody): Bill {
  const usage = usageFromWire(body.usage);
  const problem = usageProblem(usage);
  if (problem) throw new RangeError(problem);
  const { provider, admittedAt } = attempted;
  const evidence = body.evidence && evidenceFromWire(body.evidence);
  const served: Served = {
    provider: evidence?.servedProvider ?? provider,
    model: body.served_model ?? attempted.model,
  };
  const attribution = withGatewayFallback(attempted, evidence);
  const source = body.measured ? 'measured' : 'estimated';
  const receipt = receiptOf(policy, attempted, served, usage, source);
  if (receipt.costNanoUsd >= MAX_NANO_USD) throw new RangeError('this usage costs more than an account may hold');
  const instances = instancesOf(policy, attempted.attribution, { ...attribution, ...served }).map((each) =>
    asHeld(policy, hold, each),
  );
  const remainder = hold && !body.measured ? hold.amountNanoUsd - receipt.costNanoUsd : 0n;
  const request: SettleRequest = {
    ...attempted,
    ...served,
    attribution,
    usage,
    source,
    status: body.status,
    receipt,
    digest: digestOf(body),
    postings: postingsOf(policy, instances, hold, receipt, admittedAt),
    // What an estimate may have missed stays unresolved: the hold was the worst case.
    remainderNanoUsd: remainder > 0n ? remainder : 0n,
    ...(body.response_id !== undefined && { responseId: body.response_id }),
    ...(body.trace_id !== undefined && { traceId: body.trace_id }),
    ...(body.span_id !== undefined && { spanId: body.span_id }),
    ...(evidence && { evidence }),
  };
  return { request, instances, ...(hold && { worstNanoUsd: hold.amountNanoUsd }) };
}

/** Of the hold where there is one: its attribution and admission are the server's own. */
export function attemptedOf(
  request: SettlementRequest,
  hold: HoldRecord | undefined,
  attribution: Attribution,
  now: EpochMs,
): Attempted {
  if (hold) return attemptedOfHold(hold);
  const said = Date.parse(request.admitted_at);
  return {
    attemptId: request.attempt_id,
    callId: request.call_id,
    session: request.session,
    provider: request.provider,
    model: request.model,
    attribution: { ...attribution, provider: request.provider, model: request.model },
    admittedAt: Math.min(now, Math.max(now - MAX_UNKNOWN_AGE_MS, said)),
  };
}

export function attemptedOfHold(hold: HoldRecord): Attempted {
  const { attemptId, callId, session, provider, model, attribution, admittedAt } = hold;
  return { attemptId, callId, session, provider, model, attribution, admittedAt };
}

type Served = Pick<Attempted, 'provider' | 'model'>;

/** A gateway took another way than was asked for: nobody knew at the admission. */
function withGatewayFallback({ attribution, provider, model }: Attempted, evidence: Evidence | undefined): Attribution {
  if (evidence?.fallback?.by !== 'gateway' || attribution.fallback !== undefined) return attribution;
  const from = `${evidence.fallback.provider ?? provider}/${evidence.fallback.model ?? model}`;
  return { ...attribution, fallback: from.slice(0, MAX_ATTRIBUTION_VALUE_LENGTH) };
}

/**
 * Priced as served. What the catalogue does not know by these names is priced by the name that whoever was asked has for it
 * (a gateway's own catalogue, say), then as asked for.
 */
function receiptOf(
  policy: Policy,
  { provider, model, admittedAt }: Attempted,
  served: Served,
  usage: Usage,
  source: 'measured' | 'estimated',
): Receipt {
  const names = [served, { provider, model: served.model }, { provider: served.provider, model }];
  for (const name of names) {
    const card = policy.catalogue.card(name.provider, name.model, admittedAt);
    if (card.source !== 'ceiling') return price(card, usage, admittedAt, source);
  }
  return price(policy.catalogue.card(provider, model, admittedAt), usage, admittedAt, source);
}

/** Budgets of what was asked for and, where something else was served, of that as well. */
function instancesOf(policy: Policy, asked: Attribution, served: Attribution): BudgetInstance[] {
  const instances = [...policy.match(asked)];
  const { provider, model, fallback } = asked;
  if (served.provider === provider && served.model === model && served.fallback === fallback) return instances;
  for (const instance of policy.match(served)) {
    if (!instances.some(({ key, budget }) => key === instance.key || budget.name === instance.budget.name)) {
      instances.push(instance);
    }
  }
  return instances;
}

/**
 * Instances may be told apart otherwise than at the admission (another `max_instances`, a start): what was held on one of a
 * budget is booked on that one, and on no other.
 */
function asHeld(policy: Policy, hold: SetAside | undefined, instance: BudgetInstance): BudgetInstance {
  const ofBudget = hold?.demands.filter(({ budget }) => budget === instance.budget.name) ?? [];
  if (ofBudget.length === 0 || ofBudget.some((demand) => demand.instance === instance.account)) return instance;
  const demand = ofBudget.find((each) => isOfDefinition(each, instance));
  const labels = demand && parseAccount(demand.instance)?.labels;
  if (!labels) return instance;
  const held = policy.meet(instance.budget, labels);
  if (held.account === demand.instance) return held;
  return { ...instance, labels, key: instanceKey(instance.budget.name, labels), account: demand.instance };
}

/**
 * Where money was set aside, there it is booked: slices of one attempt may be of two windows when the clock was stepped
 * between their grants, and its cost belongs into each account once.
 */
function heldOn(hold: { demands: readonly AccountDemand[] } | undefined, { account }: BudgetInstance) {
  const demand = hold?.demands.find(({ instance }) => instance === account);
  if (!demand) return undefined;
  const { budget, instance, window, since } = demand;
  return { budget, instance, window, since };
}

function postingsOf(
  policy: Policy,
  instances: readonly BudgetInstance[],
  hold: SetAside | undefined,
  receipt: Receipt,
  admittedAt: EpochMs,
): Posting[] {
  const postings = instances.map((instance) => ({
    ...(heldOn(hold, instance) ?? accountOf(instance, admittedAt)),
    amountNanoUsd: costOf(receipt, instance.budget.classes),
  }));
  for (const { budget, instance, window, since } of hold?.demands ?? []) {
    if (postings.some((posting) => posting.instance === instance && posting.window.start === window.start)) continue;
    // The config has moved on since the admission: the account stays, with the classes the budget has now.
    const classes = policy.config.budgets.find(({ name }) => name === budget)?.classes;
    postings.push({ budget, instance, window, since, amountNanoUsd: costOf(receipt, classes) });
  }
  return postings;
}

/** Of what money follows from. */
function digestOf({ usage, measured, status, served_model, evidence }: SettlementBody): string {
  const what: unknown[] = [usage, measured, status, served_model];
  if (evidence?.served_provider !== undefined) what.push(evidence.served_provider);
  return hash('sha256', JSON.stringify(what), 'base64url').slice(0, 22);
}

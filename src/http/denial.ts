import type { Denial } from '../domain/decision.ts';
import type { BudgetProblem } from '../protocol/wire.ts';
import { problem } from './problem.ts';
import type { Reply } from './route.ts';

/** Told where the enforcer does not say how long: live holds end soon, a pause lasts. Seconds. */
const RETRY_CONTENDED = 1;
const RETRY_PAUSED = 60;

/** 402, or 429 with Retry-After where waiting may help: only live holds are in the way, or the budget is paused. */
export function denialReply(denial: Denial): Reply {
  const code = codeOf(denial);
  const waits = code === 'contended' || denial.action === 'pause';
  const retryAfter = retryAfterSeconds(denial, waits);
  const extra: Omit<BudgetProblem, 'type' | 'title' | 'status' | 'detail'> = {
    code,
    budget: denial.budget,
    instance_key: denial.instance,
    action: denial.action,
    state: denial.state,
    limit: denial.limitNanoUsd?.toString(),
    spent: denial.spentNanoUsd?.toString(),
    retry_after: retryAfter,
    alert_id: denial.alertId ?? null,
    ...(denial.tighten && { tighten: denial.tighten }),
  };
  const headers = waits ? { 'retry-after': String(retryAfter) } : undefined;
  return problem(waits ? 429 : 402, kindOf(code, denial), denial.detail, { headers, extra });
}

function codeOf({ code }: Denial): BudgetProblem['code'] {
  if (code === 'unreachable' || code === 'misconfigured') throw new Error(`a server never denies with "${code}"`);
  return code;
}

function kindOf(code: BudgetProblem['code'], denial: Denial): string {
  if (code === 'contended') return 'budget-contended';
  if (code === 'unmatched') return 'budget-unmatched';
  return denial.action === 'pause' ? 'budget-paused' : 'budget-exceeded';
}

function retryAfterSeconds(denial: Denial, waits: boolean): number | null {
  if (denial.retryAfterMs !== undefined) return Math.max(1, Math.ceil(denial.retryAfterMs / 1000));
  if (!waits) return null;
  return denial.code === 'contended' ? RETRY_CONTENDED : RETRY_PAUSED;
}

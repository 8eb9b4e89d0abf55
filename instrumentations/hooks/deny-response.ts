import type { BudgetExceededError } from '../../src/client/errors.ts';

/**
 * What fetch answers for a call that was not sent. The error has the shape that OpenAI's and Anthropic's SDKs both
 * read, and `x-should-retry: false` ends their retries at once, on 429 too.
 */
export function denyResponse(error: BudgetExceededError): Response {
  const { status, code, budget, action, state, retryAfter, alertId, message, userMessage } = error;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-should-retry': 'false',
    'spendfuse-decision': action,
    'spendfuse-reason': code,
  };
  if (budget !== null) headers['spendfuse-budget'] = encodeURIComponent(budget);
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  const details = { type: 'budget_exceeded', code, message, param: null, user_message: userMessage };
  const body = {
    type: 'error',
    error: { ...details, budget, action, state, retry_after: retryAfter ?? null, alert_id: alertId ?? null },
  };
  return new Response(JSON.stringify(body), { status, statusText: STATUS_TEXT[status], headers });
}

const STATUS_TEXT = { 402: 'Payment Required', 429: 'Too Many Requests' } as const;

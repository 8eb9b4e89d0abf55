import type { BudgetExceededError } from '../../src/client/errors.ts';
import type { Format } from '../formats/format.ts';
import { type AnyHeaders, headerOf } from './headers.ts';

/** SDKs that speak more than one format and try again after any 429. */
const RETRIES_429 = /\bai-sdk[-/]provider-utils\//;

/** The SDKs by Stainless obey `x-should-retry`; who took it away from them to try again above them (LangChain does) cannot be known. */
function isTriedAgain(asked: AnyHeaders): boolean {
  return headerOf(asked, 'x-stainless-lang') !== undefined || RETRIES_429.test(headerOf(asked, 'user-agent') ?? '');
}

/**
 * What fetch answers for a call that was not sent. The error has the shape that OpenAI's and Anthropic's SDKs both
 * read, or the one that its format asks for, and `x-should-retry: false` ends their retries at once, on 429 too. `asked` are the
 * headers of the request.
 */
export function denyResponse(error: BudgetExceededError, format?: Format, asked?: AnyHeaders): Response {
  const status = format?.retries429 || isTriedAgain(asked) ? 402 : error.status;
  const { code, budget, action, state, retryAfter, alertId, message, userMessage } = error;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-should-retry': 'false',
    'spendfuse-decision': action,
    'spendfuse-reason': code,
  };
  if (budget !== null) headers['spendfuse-budget'] = encodeURIComponent(budget);
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  const what = { type: 'budget_exceeded', code, message, param: null, user_message: userMessage };
  const details = { ...what, budget, action, state, retry_after: retryAfter ?? null, alert_id: alertId ?? null };
  const body = format?.denial?.(message, details) ?? { type: 'error', error: details };
  return new Response(JSON.stringify(body), { status, statusText: STATUS_TEXT[status], headers });
}

const STATUS_TEXT = { 402: 'Payment Required', 429: 'Too Many Requests' } as const;

/** Problem documents (RFC 9457): every answer that is not what the caller asked for. */
import type { Refusal } from '../enforce/enforcer.ts';
import type { Problem } from '../protocol/wire.ts';
import type { Reply } from './route.ts';

/** Relative, so that nobody has to own a domain for it; clients compare the last segment. */
export const PROBLEM_TYPE_PREFIX = '/problems/';
export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

const TITLES: Readonly<Record<string, string>> = {
  'budget-exceeded': 'Budget exceeded',
  'budget-contended': 'Budget contended',
  'budget-paused': 'Budget paused',
  'budget-unmatched': 'No budget matches',
  'not-found': 'Not found',
  'method-not-allowed': 'Method not allowed',
  'malformed-json': 'Malformed JSON',
  'malformed-request': 'Malformed request',
  'invalid-request': 'Invalid request',
  'unsupported-media-type': 'Unsupported media type',
  'too-large': 'Request too large',
  'headers-too-large': 'Request headers too large',
  'request-timeout': 'Request timed out',
  unauthenticated: 'Unauthenticated',
  forbidden: 'Forbidden',
  'host-not-allowed': 'Host not allowed',
  'not-ready': 'Not ready',
  'ledger-unavailable': 'Ledger unavailable',
  internal: 'Internal error',
};

export interface ProblemDetails {
  headers?: Readonly<Record<string, string>>;
  /** Extension members of the document. */
  extra?: Readonly<Record<string, unknown>>;
}

/** A problem as a reply. `kind` is the last segment of its type. */
export function problem(status: number, kind: string, detail: string, details: ProblemDetails = {}): Reply {
  const body: Problem = { type: PROBLEM_TYPE_PREFIX + kind, title: titleOf(kind), status, detail, ...details.extra };
  return { status, body, contentType: PROBLEM_CONTENT_TYPE, headers: details.headers };
}

/** What the enforcer says is the caller's fault. */
export function refusalProblem({ refused }: Refusal): Reply {
  return problem(refused.status, refused.kind, refused.detail);
}

/** Try again later; `retryAfterSeconds` is what the client is told. */
export function unavailable(kind: string, detail: string, details: ProblemDetails = {}): Reply {
  return problem(503, kind, detail, { ...details, headers: { 'retry-after': '1', ...details.headers } });
}

function titleOf(kind: string): string {
  return TITLES[kind] ?? kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll('-', ' ');
}

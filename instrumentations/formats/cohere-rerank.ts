/** POST /v1/rerank and /v2/rerank of Cohere: billed by search units, whatever the tokens. */
import { usageOf } from './cohere-usage.ts';
import type { Format, RequestFacts, ResponseFacts } from './format.ts';
import { conclude, isObject, jsonBytes, limit, list, name, type Seen, textBytes } from './read.ts';
import { lastAnswer, renamed } from './whole.ts';

/** A unit is one query over up to this many documents (cohere.com/pricing). */
const DOCUMENTS_PER_UNIT = 100;
/**
 * A document longer than 500 tokens, the query with it, is split, and each piece counts as a document. A query takes at
 * most half of a piece; a document is cut at 4,096 tokens unless the request says otherwise.
 */
const PIECE_TOKENS = 250;
const DOCUMENT_TOKENS = 4_096;

function request(body: unknown): RequestFacts | undefined {
  if (!isObject(body) || typeof body.query !== 'string' || !Array.isArray(body.documents)) return undefined;
  const most = limit(body.max_tokens_per_doc) ?? DOCUMENT_TOKENS;
  let pieces = 0;
  for (const document of body.documents) {
    const bytes = typeof document === 'string' ? textBytes(document) : jsonBytes(document);
    pieces += Math.max(1, Math.ceil(Math.min(bytes, most) / PIECE_TOKENS));
  }
  const webSearches = Math.max(1, Math.ceil(pieces / DOCUMENTS_PER_UNIT));
  return {
    model: name(body.model) ?? 'unknown',
    stream: false,
    bound: { inputTokens: 0, outputTokens: 0, webSearches, audio: false },
    estimatedInputTokens: 0,
  };
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.responseId = name(body.id);
    const report = usageOf(body.meta);
    const unbilled = report && 'usage' in report && report.usage.webSearches === undefined;
    if (unbilled && list(body.results).length > 0) seen.report = { invalid: 'usage counts no search units' };
    else seen.report = report;
  }
  const facts = conclude(seen, request);
  // The fewest that any answer is billed.
  if (facts.estimate && isObject(body) && body.results !== undefined) facts.estimate.webSearches ??= 1;
  return facts;
}

export const cohereRerank: Format = {
  id: 'cohere-rerank',
  operation: 'rerank',
  provider: 'cohere',
  lastSegments: ['rerank'],
  matches: (method, path) => method === 'POST' && /\/v[12]\/rerank$/.test(path),
  request,
  rewrite: renamed,
  denial: (message, details) => ({ ...details, message }),
  retries429: true,
  response,
  stream: lastAnswer(response),
};

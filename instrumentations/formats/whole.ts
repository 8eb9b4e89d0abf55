/** What endpoints have in common that answer in one piece: embeddings, reranking. */
import type { Format, RequestFacts, ResponseFacts, Rewrite, StreamReader } from './format.ts';
import type { UsageReport } from './read.ts';

/** Nobody streams these; whoever does is read as one whole answer, the last one. */
export function lastAnswer(response: Format['response']): (request: RequestFacts) => StreamReader {
  return (request) => {
    let last: unknown;
    return {
      push(event) {
        last = event;
      },
      facts: (): ResponseFacts => response(last, request),
    };
  };
}

/** There is no output to limit. */
export function renamed(body: object, { model }: Rewrite): object {
  return model === undefined ? { ...body } : { ...body, model };
}

/** No tokens for vectors is no count. */
export function countedFor(vectors: number, report: UsageReport | undefined): UsageReport | undefined {
  if (!report || 'invalid' in report || report.usage.inputTokens > 0 || vectors === 0) return report;
  return { invalid: `usage counts no tokens, but ${vectors} vectors were received` };
}

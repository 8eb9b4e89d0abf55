/**
 * What grounding with Google costs beyond tokens. Up to Gemini 2.5 a grounded prompt costs one fee; from Gemini 3 on each query does, and
 * empty ones do not count. Source: ai.google.dev/gemini-api/docs/google-search, …/maps-grounding, …/pricing.
 */
import { ASSUMED_SEARCHES } from './bound.ts';
import { either } from './gemini-parts.ts';
import { isObject, type Json, list } from './read.ts';

const PER_PROMPT = /gemini-(?:[a-z]+-)*[12](?:[.-]|$)/;

function isPerPrompt(model: string): boolean {
  return PER_PROMPT.test(model);
}

/** Tools with a fee for searching. */
const SEARCHING: readonly (readonly [camel: string, snake: string])[] = [
  ['googleSearch', 'google_search'],
  ['googleSearchRetrieval', 'google_search_retrieval'],
  ['enterpriseWebSearch', 'enterprise_web_search'],
  ['googleMaps', 'google_maps'],
];

/** Fees that one tool may come to. */
export function searchFees(model: string): number {
  return isPerPrompt(model) ? 1 : ASSUMED_SEARCHES;
}

/** Fees for so many queries. */
export function feesBilled(queries: number, model: string): number {
  return isPerPrompt(model) ? Math.min(queries, 1) : queries;
}

/** Searches that a tool of a request may be billed for. */
export function searchesOfTool(tool: Json, model: string): number {
  const kinds = SEARCHING.filter(([camel, snake]) => isObject(either(tool, camel, snake))).length;
  return kinds * searchFees(model);
}

/** A stream that makes up queries without end fills no memory. */
const MAX_QUERIES = 256;

/** What an answer's grounding metadata say of it, over all chunks. */
export class Grounding {
  readonly #queries = new Set<string>();
  #web = false;
  #maps = false;

  add(metadata: unknown): void {
    if (!isObject(metadata)) return;
    for (const query of [...list(metadata.webSearchQueries), ...list(metadata.imageSearchQueries)]) {
      if (typeof query === 'string' && query !== '' && this.#queries.size < MAX_QUERIES) this.#queries.add(query);
    }
    for (const chunk of list(metadata.groundingChunks)) {
      if (!isObject(chunk)) continue;
      this.#web ||= isObject(chunk.web);
      this.#maps ||= isObject(chunk.maps);
    }
    this.#maps ||= typeof metadata.googleMapsWidgetContextToken === 'string';
  }

  /** The fees; undefined when there is none. Google does not tell the queries to its maps: it is one at the least. */
  searches(model: string): number | undefined {
    const queries = Math.max(this.#queries.size, this.#web ? 1 : 0);
    const web = feesBilled(queries, model);
    return web + (this.#maps ? 1 : 0) || undefined;
  }
}

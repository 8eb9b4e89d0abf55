/**
 * Answers that tell the usage of earlier requests. They are watched as all answers are, and nothing of their own is settled; what
 * they tell is, once. It is for whoever started a batch in this process, and otherwise for whoever reads it back.
 */
import { settleResults } from '../../src/client/batches.ts';
import type { Caught, Client } from '../../src/client/call.ts';
import type { Format } from '../formats/format.ts';
import type { LateFormat } from '../formats/late.ts';
import { openaiBatches, openaiBatchesRead } from '../formats/openai-batches.ts';
import { providerOfAgent, providerOfHost } from '../formats/provider.ts';
import type { Watched } from './body.ts';
import { type AnyHeaders, apiKeyOf, headerOf } from './headers.ts';
import { watchResponse } from './response.ts';

type Input = Parameters<typeof globalThis.fetch>[0];
type Attribution = ReturnType<Client['attributions']['now']>;

const FORMATS: readonly LateFormat[] = [openaiBatchesRead];

/** More than a busy service starts in a day. What is forgotten and told again is the same to the server. */
const MAX_KEPT = 10_000;
const settled = new Set<string>();
const startedBy = new Map<string, Attribution>();
/** The core of an SDK sees them, and fetch does. */
const seen = new WeakSet<Response>();

/** Listens to the answer where it may tell of something; every other GET of the service costs one comparison of strings. */
export function watchReadBack(client: Client, sending: Promise<Response>, input: Input, init?: RequestInit): void {
  const request = input instanceof Request ? input : undefined;
  const text = request ? request.url : String(input);
  if (!text.includes('/batches')) return;
  const url = URL.parse(text);
  const format = url && FORMATS.find((one) => one.matches(url.pathname));
  if (!url || !format || !/^GET$/i.test(init?.method ?? request?.method ?? 'GET')) return;
  const headers = (init?.headers ?? request?.headers) as AnyHeaders;
  const provider = providerOfHost(url.host) ?? providerOfAgent(headerOf(headers, 'user-agent')) ?? format.provider;
  const own = client.attributions.now(apiKeyOf(headers));
  sending.then(
    (response) => {
      if (!response.ok || seen.has(response)) return;
      seen.add(response);
      watchResponse(
        response,
        reading((body) => settle(client, provider, own, format.read(body))),
        undefined,
      );
    },
    () => {}, // The caller's to see.
  );
}

/** In place of an attempt: nothing was admitted, for to read is free. */
function reading(take: (body: unknown) => void): Watched {
  let over = false;
  const response: Format['response'] = (body) => {
    take(body);
    return {};
  };
  return {
    format: { ...openaiBatches, response },
    facts: { model: 'unknown', stream: false, bound: { inputTokens: 0 } },
    hidesExtraEvent: false,
    answer: undefined,
    noteChunk() {},
    get ended() {
      return over;
    },
    end() {
      over = true;
    },
  };
}

function settle(client: Client, provider: string, own: Attribution, told: ReturnType<LateFormat['read']>): void {
  for (const { id, model, usage, atMs } of told) {
    if (settled.has(id)) continue;
    if (settled.size >= MAX_KEPT) settled.clear();
    settled.add(id);
    const attribution = startedBy.get(id) ?? own;
    const result = { id: '', model, responseId: id, measured: true, usage };
    const read = { batch: id, provider, attribution, results: [result], isWhole: true };
    // A process that only reads back has no session yet.
    void Promise.resolve(client.session.ready()).then(() => settleResults(client, read, atMs ?? Date.now()));
  }
}

/** Remembers for whom a batch is started. */
export function starting(client: Client, what: Caught): Caught {
  if (what.format !== openaiBatches) return what;
  const attribution = client.attributions.now(what.apiKey);
  const response: Format['response'] = (body, request) => {
    const facts = openaiBatches.response(body, request);
    if (startedBy.size >= MAX_KEPT) startedBy.clear();
    if (facts.responseId !== undefined) startedBy.set(facts.responseId, attribution);
    return facts;
  };
  return { ...what, format: { ...openaiBatches, response } };
}

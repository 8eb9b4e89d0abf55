/**
 * Answers that tell the usage of earlier requests. They are watched as all answers are, and nothing of their own is settled: to read
 * is free, and what they tell is settled once, however often it is read.
 */
import { settleResults } from '../../src/client/batches.ts';
import type { Client } from '../../src/client/call.ts';
import type { End } from '../../src/client/meter.ts';
import { anthropicBatchResults } from '../formats/anthropic-batches.ts';
import type { Format } from '../formats/format.ts';
import type { LateFormat } from '../formats/late.ts';
import { openaiBatchesRead } from '../formats/openai-batches.ts';
import { providerOfAgent, providerOfHost } from '../formats/provider.ts';
import type { Watched } from './body.ts';
import { type AnyHeaders, apiKeyOf, headerOf } from './headers.ts';
import { watchResponse } from './response.ts';

type Input = Parameters<typeof globalThis.fetch>[0];

const FORMATS: readonly LateFormat[] = [openaiBatchesRead, anthropicBatchResults];

/** The core of an SDK sees them, and fetch does. */
const seen = new WeakSet<Response>();

/** Listens to the answer where it may tell of something; every other GET of the service costs one comparison of strings. */
export function watchReadBack(client: Client, sending: Promise<Response>, input: Input, init?: RequestInit): void {
  const request = input instanceof Request ? input : undefined;
  const text = request ? request.url : String(input);
  if (!text.includes('/batches')) return;
  const url = URL.parse(text);
  const late = url && FORMATS.find((one) => one.batchAt(url.pathname) !== undefined);
  if (!url || !late || !/^GET$/i.test(init?.method ?? request?.method ?? 'GET')) return;
  const batch = late.batchAt(url.pathname) ?? '';
  const headers = (init?.headers ?? request?.headers) as AnyHeaders;
  const agent = providerOfAgent(headerOf(headers, 'user-agent'));
  const provider = providerOfHost(url.host) ?? agent ?? late.format.provider;
  const attribution = client.attributions.now(apiKeyOf(headers));
  const end = (how: End): void => {
    if (how.kind !== 'answered' && how.kind !== 'broken') return;
    const { results = [] } = how.facts;
    const read = { batch, provider, attribution, results, isWhole: how.kind === 'answered' };
    // A process that only reads back has no session yet.
    void Promise.resolve(client.session.ready()).then(() => settleResults(client, read, Date.now()));
  };
  sending.then(
    (response) => {
      if (!response.ok || seen.has(response)) return;
      seen.add(response);
      watchResponse(response, reading(late.format, end), undefined);
    },
    () => {}, // The caller's to see.
  );
}

/** In place of an attempt: nothing was admitted. */
function reading(format: Format, end: (how: End) => void): Watched {
  let over = false;
  return {
    format,
    facts: { model: 'unknown', stream: true, bound: { inputTokens: 0 } },
    hidesExtraEvent: false,
    answer: undefined,
    noteChunk() {},
    get ended() {
      return over;
    },
    end(how) {
      if (over) return;
      over = true;
      end(how);
    },
  };
}

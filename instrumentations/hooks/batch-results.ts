/** A file of a batch's results, watched while the application reads it: the only place that tells what its requests came to. */

import { settleResults } from '../../src/client/batches.ts';
import type { Client } from '../../src/client/call.ts';
import type { End } from '../../src/client/meter.ts';
import { anthropicBatchResults, batchOfResults } from '../formats/anthropic-batches.ts';
import { providerOf } from '../formats/index.ts';
import type { Watched } from './body.ts';
import { type AnyHeaders, apiKeyOf } from './headers.ts';
import { watchResponse } from './response.ts';

type Input = Parameters<typeof globalThis.fetch>[0];

/** Listens to the answer where it is such a file; every other GET of the service costs one comparison of strings. */
export function watchResults(client: Client, sending: Promise<Response>, input: Input, init?: RequestInit): void {
  const request = input instanceof Request ? input : undefined;
  const text = request ? request.url : String(input);
  if (!text.includes('/batches/')) return;
  const url = URL.parse(text);
  const batch = url ? batchOfResults(url.pathname) : undefined;
  if (!url || batch === undefined || !/^GET$/i.test(init?.method ?? request?.method ?? 'GET')) return;
  const headers = (init?.headers ?? request?.headers) as AnyHeaders;
  const attribution = client.attributions.now(apiKeyOf(headers));
  const provider = providerOf(url.host, anthropicBatchResults);
  const end = (how: End): void => {
    if (how.kind !== 'answered' && how.kind !== 'broken') return;
    const { results = [] } = how.facts;
    settleResults(client, { batch, provider, attribution, results, isWhole: how.kind === 'answered' }, Date.now());
  };
  sending.then(
    (response) => response.ok && watchResponse(response, reading(end), undefined),
    () => {},
  );
}

/** In place of an attempt: nothing was admitted, for the file itself is free. */
function reading(end: (how: End) => void): Watched {
  let over = false;
  return {
    format: anthropicBatchResults,
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

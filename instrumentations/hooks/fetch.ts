/**
 * The base hook: `globalThis.fetch`, which every fetch-based SDK ends in, in ESM, in CommonJS and in bundles. Requests
 * that are not of a known format pass through untouched, as do those that an SDK-core hook has taken care of.
 */
import type { Attempt } from '../../src/client/attempt.ts';
import { beginAttempt, type Caught, type Client } from '../../src/client/call.ts';
import { BudgetExceededError } from '../../src/client/errors.ts';
import { Call } from '../../src/client/span.ts';
import { warnOnce } from '../../src/client/warn.ts';
import { denyResponse } from './deny-response.ts';
import { noteLeaving, passOwned, retriedCall } from './frames.ts';
import { apiKeyOf, isSigned, withoutLength, withoutOwnBaggage } from './headers.ts';
import { type Place, placeBy, placeOf } from './place.ts';
import { parseObject, serialise, textOf } from './request-body.ts';
import { watchResponse } from './response.ts';

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];

export function hookFetch(client: Client): void {
  const original = globalThis.fetch;
  if (typeof original !== 'function') return;
  const hooked = function fetch(input: Input, init: RequestInit | undefined = undefined): Promise<Response> {
    const matched = match(input, init);
    if (!matched || passOwned()) return original(input, init);
    return metered(client, original, matched, input, init);
  };
  Object.defineProperty(hooked, 'length', { value: original.length, configurable: true });
  Object.defineProperty(hooked, 'name', { value: original.name, configurable: true });
  Object.defineProperty(globalThis, 'fetch', {
    ...Object.getOwnPropertyDescriptor(globalThis, 'fetch'),
    value: hooked,
  });
}

/** Runs for every fetch of the service, so the method is looked at first: what is not a POST costs nothing. */
function match(input: Input, init: RequestInit | undefined): Place | undefined {
  const request = input instanceof Request ? input : undefined;
  const method = init?.method ?? request?.method;
  if (method !== 'POST' && method?.toUpperCase() !== 'POST') return undefined;
  noteLeaving();
  return placeOf(request ? request.url : String(input));
}

async function metered(
  client: Client,
  original: Fetch,
  place: Place,
  input: Input,
  init: RequestInit | undefined,
): Promise<Response> {
  const request = input instanceof Request ? input : undefined;
  const signal = init?.signal ?? request?.signal ?? undefined;
  if (signal?.aborted) return original(input, init);
  const text = init?.body == null && request ? await request.clone().text() : textOf(init?.body);
  const body = text === undefined ? undefined : parseObject(text);
  if (text === undefined) warnUnreadable(place);
  if (text === undefined || body === undefined) return original(input, init);

  const headers = init?.headers ?? request?.headers;
  const call = retriedCall() ?? new Call();
  const attempt = await begin(client, call, caught(place, body, text, headers, signal));
  if (attempt instanceof BudgetExceededError) return denyResponse(attempt, place.format, headers as Headers);
  if (attempt === undefined) return original(input, init);
  if (attempt === 'aborted') throw signal?.reason;
  const changed = serialise(text, body, attempt.body);
  const ownHeaders = withoutOwnBaggage(headers);
  const cleanHeaders = changed === text ? ownHeaders : withoutLength(ownHeaders);
  const target = attempt.path === place.path ? input : withPath(input, attempt.path);
  if (changed === text && cleanHeaders === headers && target === input)
    return send(original, attempt, input, init, signal);
  return send(
    original,
    attempt,
    target,
    { ...init, ...(cleanHeaders && { headers: cleanHeaders }), body: changed },
    signal,
  );
}

/** The same request to another path of the same host; the query stays. */
function withPath(input: Input, path: string): Input {
  const url = new URL(input instanceof Request ? input.url : input);
  url.pathname = path;
  return input instanceof Request ? new Request(url, input) : url.href;
}

function caught(
  place: Place,
  body: object,
  text: string,
  headers: RequestInit['headers'],
  signal: AbortSignal | undefined,
): Caught {
  const apiKey = apiKeyOf(headers as Headers);
  return {
    ...placeBy(place, headers as Headers),
    body,
    bodyBytes: Buffer.byteLength(text),
    ...(apiKey !== undefined && { apiKey }),
    ...(signal && { signal }),
    ...(isSigned(headers as Headers) && { signed: true as const }),
  };
}

/** A denial as a value: thrown inside fetch, SDKs would take it for a network error and try again. */
async function begin(
  client: Client,
  call: Call,
  what: Caught,
): Promise<Attempt | 'aborted' | undefined | BudgetExceededError> {
  try {
    const attempt = await beginAttempt(client, call, what);
    if (attempt === 'aborted') call.end('aborted');
    return attempt;
  } catch (error) {
    call.end();
    if (error instanceof BudgetExceededError) return error;
    throw error;
  }
}

async function send(
  original: Fetch,
  attempt: Attempt,
  input: Input,
  init: RequestInit | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    const response = await attempt.send(() => original(input, init));
    watchResponse(response, attempt, signal);
    if (!response.ok && retriedCall() !== attempt.call) attempt.call.end();
    return response;
  } catch (error) {
    attempt.fail(error);
    if (retriedCall() !== attempt.call) attempt.call.end();
    throw error;
  }
}

/** A body that can be read only once is the provider's; such a call is neither capped nor metered. */
function warnUnreadable({ format, host }: Place): void {
  warnOnce(
    `unreadable ${format.id}`,
    `a ${format.id} request to ${host} has a stream or form as its body, so it is neither metered nor capped; send a string`,
  );
}

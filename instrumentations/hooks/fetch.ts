/**
 * The base hook: `globalThis.fetch`, which every fetch-based SDK ends in, in ESM, in CommonJS and in bundles. Requests
 * that are not of a known format pass through untouched, as do those that an SDK-core hook has taken care of.
 */
import type { Attempt } from '../../src/client/attempt.ts';
import { beginAttempt, type Caught, type Client } from '../../src/client/call.ts';
import { BudgetExceededError } from '../../src/client/errors.ts';
import { Call } from '../../src/client/span.ts';
import { quietly, warnOnce } from '../../src/client/warn.ts';
import type { Format } from '../formats/format.ts';
import { agentNow } from './agents.ts';
import { denyResponse } from './deny-response.ts';
import { formWith, isForm, readForm } from './form-body.ts';
import { noteLeaving, passOwned, retriedCall } from './frames.ts';
import { apiKeyOf, isSigned, withHeader, withoutLength, withoutOwnBaggage } from './headers.ts';
import { type Place, placeBy, placeOf, withPath as withUrl } from './place.ts';
import { watchReadBack } from './read-back.ts';
import { parseObject, serialise, textOf } from './request-body.ts';
import { watchResponse } from './response.ts';
import { letPass } from './uncaught.ts';

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];

export function hookFetch(client: Client): void {
  const original = globalThis.fetch;
  if (typeof original !== 'function') return;
  const hooked = function fetch(input: Input, init: RequestInit | undefined = undefined): Promise<Response> {
    const matched = match(input, init);
    if (!matched) return unmatched(client, original(input, init), input, init);
    if (passOwned()) return original(input, init);
    return metered(client, original, matched, input, init);
  };
  Object.defineProperty(hooked, 'length', { value: original.length, configurable: true });
  Object.defineProperty(hooked, 'name', { value: original.name, configurable: true });
  Object.defineProperty(globalThis, 'fetch', {
    ...Object.getOwnPropertyDescriptor(globalThis, 'fetch'),
    value: hooked,
  });
}

function unmatched(client: Client, sending: Promise<Response>, input: Input, init?: RequestInit): Promise<Response> {
  quietly(() => watchReadBack(client, sending, input, init));
  return sending;
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
  const headers = init?.headers ?? request?.headers;
  const reading = readBody(place.format, request, init?.body);
  const read = reading instanceof Promise ? await reading : reading;
  if (read === undefined) warnUnreadable(place);
  if (!read?.body) return unmetered(original, place, input, init);
  const { sent, body, bytes } = read;

  const call = retriedCall() ?? new Call();
  const what = caught(place, body, bytes, headers, signal);
  const attempt = await begin(client, call, what);
  if (attempt instanceof BudgetExceededError) return denyResponse(attempt, place.format, headers as Headers);
  if (attempt === undefined) return unmetered(original, place, input, init);
  if (attempt === 'aborted') throw signal?.reason;
  const changed = typeof sent === 'string' ? serialise(sent, body, attempt.body) : formWith(sent, body, attempt.body);
  const { modelHeader } = place.format;
  const isMoved = attempt.path !== what.path;
  const named =
    isMoved && modelHeader ? withHeader(headers, modelHeader, attempt.path.slice(place.path.length + 1)) : headers;
  const ownHeaders = withoutOwnBaggage(named);
  const target = isMoved && !modelHeader ? withPath(input, attempt.path) : input;
  if (changed === sent && ownHeaders === headers && target === input)
    return send(original, attempt, input, init, signal);
  const cleanHeaders =
    typeof sent === 'string' && changed === sent ? ownHeaders : withoutLength(ownHeaders, isForm(sent));
  return send(
    original,
    attempt,
    target,
    { ...init, ...(cleanHeaders && { headers: cleanHeaders }), body: changed },
    signal,
  );
}

/** Somebody else's request on a path like ours, or one that was warned about. */
function unmetered(original: Fetch, { format }: Place, input: Input, init: RequestInit | undefined): Promise<Response> {
  letPass(format);
  return original(input, init);
}

/** The same request to another path of the same host; the query stays. */
function withPath(input: Input, path: string): Input {
  if (!(input instanceof Request)) return withUrl(String(input), path);
  return new Request(withUrl(input.url, path), input);
}

function caught(
  place: Place,
  body: object,
  bodyBytes: number,
  headers: RequestInit['headers'],
  signal: AbortSignal | undefined,
): Caught {
  const apiKey = apiKeyOf(headers as Headers);
  const agent = agentNow();
  return {
    ...placeBy(place, headers as Headers),
    body,
    bodyBytes,
    ...(apiKey !== undefined && { apiKey }),
    ...(agent !== undefined && { agent }),
    ...(signal && { signal }),
    ...(isSigned(headers as Headers) && { signed: true as const }),
  };
}

interface Read {
  /** A copy of it where it was the request's own, which can be read once. */
  sent: string | FormData;
  /** Absent: no JSON, and the provider's to refuse. */
  body: object | undefined;
  bytes: number;
}

/** Undefined for what can be read only once. */
function readBody(
  format: Format,
  request: Request | undefined,
  given: unknown,
): Read | undefined | Promise<Read | undefined> {
  if (given == null && request) return readRequest(format, request.clone());
  if (format.form && isForm(given)) return { sent: given, ...readForm(given) };
  const text = textOf(given);
  return text === undefined ? undefined : readText(text);
}

async function readRequest(format: Format, copy: Request): Promise<Read | undefined> {
  const isMultipart = format.form && copy.headers.get('content-type')?.startsWith('multipart/form-data');
  if (!isMultipart) return readText(await copy.text());
  const form = await copy.formData().catch(() => undefined);
  return form && { sent: form, ...readForm(form) };
}

function readText(text: string): Read {
  return { sent: text, body: parseObject(text), bytes: Buffer.byteLength(text) };
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
    `a ${format.id} request to ${host} has a body that can be read only once, so it is neither metered nor capped; send a string${format.form ? ' or a form' : ''}`,
  );
}

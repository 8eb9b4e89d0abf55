/**
 * The core of the SDKs that Stainless generates (openai, @anthropic-ai/sdk, groq-sdk, together-ai). Here an attempt is
 * seen with its parsed request, a denial reaches the application as it is, and retries are known to be one call.
 *
 *   makeRequest        one attempt; a retry comes back here with the id of the one before
 *     buildRequest     the request is complete: admit (a throw is neither wrapped nor retried), rewrite
 *     fetchWithTimeout CALL: its response is watched
 *
 * Only prototypes are patched, and what they return is passed on untouched: SDKs compare and bind these methods.
 */
import { Attempt } from '../../src/client/attempt.ts';
import { type Begun, beginAttempt, type Caught, type Client } from '../../src/client/call.ts';
import { errorTypeOf } from '../../src/client/failure.ts';
import { Call } from '../../src/client/span.ts';
import { quietly } from '../../src/client/warn.ts';
import type { Format } from '../formats/format.ts';
import { agentNow } from './agents.ts';
import { formWith, isForm, type ReadForm, readForm, readUnseenForm } from './form-body.ts';
import { type Frame, frames } from './frames.ts';
import { apiKeyOf, withoutOwnBaggage } from './headers.ts';
import { replace } from './patch.ts';
import { placeBy, placeOf, withPath } from './place.ts';
import { watchReadBack } from './read-back.ts';
import { serialise } from './request-body.ts';
import { expectParsed, watchResponse } from './response.ts';
import { stamps } from './stamp.ts';

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;

interface Core {
  makeRequest: Method;
  buildRequest: Method;
  fetchWithTimeout: Method;
  /** openai from 7 on. */
  parseResponseWithTimeout?: Method;
}

interface Built {
  url: string;
  req: { method?: string; headers?: Headers; body?: unknown; signal?: AbortSignal };
}

interface Options {
  body?: unknown;
  /** openai tells the model of a form here. */
  __metadata?: { model?: unknown };
  maxRetries?: number;
  signal?: AbortSignal | null;
  middleware?: readonly unknown[];
}

const patched = new WeakSet<object>();
/** Retries that come from outside the first attempt's context (a body that timed out) are found by their options. */
const calls = stamps<Call>();

/** Whether the class has the core that we know; classes of other versions are left to the fetch hook. */
export function hookStainless(client: Client, sdk: unknown): boolean {
  if (typeof sdk !== 'function') return false;
  const core = sdk.prototype as Core;
  if (patched.has(core)) return true;
  const known = ['makeRequest', 'buildRequest', 'fetchWithTimeout'] as const;
  if (!known.every((name) => Object.hasOwn(core, name) && isAsync(core[name]))) return false;
  patched.add(core);
  replace(core, 'makeRequest', makeRequest);
  replace(core, 'buildRequest', (original) => buildRequest(original, client));
  replace(core, 'fetchWithTimeout', (original) => fetchWithTimeout(original, client));
  if (Object.hasOwn(core, 'parseResponseWithTimeout') && isAsync(core.parseResponseWithTimeout)) {
    replace(core, 'parseResponseWithTimeout', parseResponse);
  }
  return true;
}

function isAsync(method: unknown): boolean {
  return typeof method === 'function' && method.constructor.name === 'AsyncFunction';
}

function makeRequest(original: Method): Method {
  return function (this: unknown, ...args: unknown[]) {
    const earlier = args[2] === undefined ? undefined : callOf(args[0]);
    const call = earlier ?? new Call();
    const isOutermost = frames.getStore()?.call !== call;
    const frame: Frame = { call, owned: false };
    const request = frames.run(frame, () => original.apply(this, args));
    // The SDK awaits this very promise; we only listen.
    if (isOutermost) request.then(undefined, (error: unknown) => call.end(call.errorType ?? errorTypeOf(error)));
    return request;
  };
}

/** The call that a retry belongs to. After its span has ended, the same call gets another one. */
function callOf(options: unknown): Call | undefined {
  const byOptions = typeof options === 'object' && options !== null ? calls.of(options) : undefined;
  const call = byOptions ?? frames.getStore()?.call;
  return call?.ended ? new Call(call.id) : call;
}

/** Each `async` around it would be two more promises and turns of a queue for each call, so there is none. */
function buildRequest(original: Method, client: Client): Method {
  return function (this: unknown, ...args: unknown[]) {
    const frame = frames.getStore();
    const building = original.apply(this, args) as Promise<Built>;
    const options = args[0] as Options;
    if (!frame || frame.attempt || !isWanted(this, options)) return building;
    return building.then((built) => admit(client, this, frame, options, built));
  };
}

function admit(client: Client, sdk: unknown, frame: Frame, options: Options, built: Built): Built | Promise<Built> {
  const what = caught(built, options);
  if (!what || what.signal?.aborted) return built;
  // Who takes the SDK's own retries away (LangChain does) tries again above it, after any 429.
  if ((options.maxRetries ?? (sdk as Options).maxRetries) === 0) what.retries429 = true;
  calls.put(options, frame.call);
  const begun = beginAttempt(client, frame.call, what);
  return begun instanceof Promise
    ? begun.then((attempt) => take(frame, built, what, attempt))
    : take(frame, built, what, begun);
}

/** Middleware may send a request more than once, so where there is any, what really leaves is left to the fetch hook. */
function isWanted(sdk: unknown, options: Options): boolean {
  const { middleware, fetch } = sdk as { middleware?: readonly unknown[]; fetch?: unknown };
  const hasMiddleware = (middleware?.length ?? 0) > 0 || (options.middleware?.length ?? 0) > 0;
  return !(hasMiddleware && fetch === globalThis.fetch);
}

function take(frame: Frame, built: Built, { body, path }: Caught, attempt: Begun): Built {
  // One that was aborted meanwhile is the SDK's to refuse.
  if (!(attempt instanceof Attempt)) return built;
  const { req } = built;
  frame.attempt = attempt;
  if (typeof req.body === 'string') req.body = serialise(req.body, body, attempt.body);
  else if (isForm(req.body)) req.body = formWith(req.body, body, attempt.body);
  if (attempt.path !== path) built.url = withPath(built.url, attempt.path);
  if (req.headers) req.headers = withoutOwnBaggage(req.headers);
  return built;
}

function caught({ url, req }: Built, options: Options): Caught | undefined {
  const { method } = req;
  if (method !== 'post' && method?.toUpperCase() !== 'POST') return undefined;
  if (req.body === undefined || req.body === null) return undefined;
  const place = placeOf(url);
  const read = place && readBody(place.format, req.body, options);
  if (!read) return undefined;
  const what: Caught = { ...placeBy(place, req.headers), body: read.body, bodyBytes: read.bytes };
  const apiKey = apiKeyOf(req.headers);
  const abort = req.signal ?? options.signal ?? undefined;
  if (apiKey !== undefined) what.apiKey = apiKey;
  const agent = agentNow();
  if (agent !== undefined) what.agent = agent;
  if (abort) what.signal = abort;
  return what;
}

/** The object that the body was written from; a form as it is sent, or what is known of one that is sent as it is read. */
function readBody(format: Format, sent: unknown, { body, __metadata }: Options): ReadForm | undefined {
  if (typeof sent === 'string') {
    return typeof body === 'object' && body !== null ? { body, bytes: Buffer.byteLength(sent) } : undefined;
  }
  if (!format.form) return undefined;
  return isForm(sent) ? readForm(sent) : readUnseenForm(__metadata?.model);
}

/** What is no attempt may still tell of some. */
function unadmitted(client: Client, sending: Promise<unknown>, [url, init]: unknown[]): Promise<unknown> {
  quietly(() => watchReadBack(client, sending as Promise<Response>, url as string, init as RequestInit | undefined));
  return sending;
}

function fetchWithTimeout(original: Method, client: Client): Method {
  return function (this: unknown, ...args: unknown[]) {
    const frame = frames.getStore();
    const attempt = frame?.attempt;
    if (!frame || !attempt || attempt.ended) return unadmitted(client, original.apply(this, args), args);
    const controller = args[3] as AbortController | undefined;
    frame.owned = true;
    delete frame.left;
    return attempt
      .send(() => original.apply(this, args))
      .then(
        (response) => {
          frame.owned = false;
          watchResponse(response as Response, attempt, controller?.signal);
          return response;
        },
        (error: unknown) => {
          frame.owned = false;
          if (isUnsent(this, frame)) attempt.end({ kind: 'unsent' });
          else attempt.fail(error);
          throw error;
        },
      );
  };
}

/** It failed before it came to fetch: credentials for Google or AWS, say, could not be had. */
function isUnsent(sdk: unknown, frame: Frame): boolean {
  return !frame.left && (sdk as { fetch?: unknown }).fetch === globalThis.fetch;
}

/** A body that timed out is asked for again: then what was parsed is another response's. */
function parseResponse(original: Method): Method {
  return function (this: unknown, ...args: unknown[]) {
    const parsed = original.apply(this, args);
    const props = args[1] as { response: Response };
    const { response } = props;
    expectParsed(response, parsed, () => props.response === response);
    return parsed;
  };
}

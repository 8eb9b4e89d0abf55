/**
 * AWS's client for Bedrock. It sends over HTTP/2, past fetch, so it is caught in its own middleware:
 *
 *   send                 a command: one call, with all its retries
 *     retryMiddleware    (the SDK's)
 *       admit            one attempt: admission, and the rewrite, before it is signed
 *         httpSigning…   (the SDK's)
 *           watch        CALL: innermost, so that what was not sent is known to be so, and the answer is seen as it comes
 *
 * A denial is thrown where an attempt would begin. The SDK's retries leave it alone, and if somebody's own do not, it is thrown
 * again without asking.
 */
import { Attempt } from '../../src/client/attempt.ts';
import { beginAttempt, type Caught, type Client } from '../../src/client/call.ts';
import { BudgetExceededError } from '../../src/client/errors.ts';
import { errorTypeOf } from '../../src/client/failure.ts';
import { Call } from '../../src/client/span.ts';
import { warnOnce } from '../../src/client/warn.ts';
import { formatFor } from '../formats/index.ts';
import { type HttpResponse, holdView, watchAnswer } from './aws-body.ts';
import type { View } from './body.ts';
import { type Frame, frames } from './frames.ts';
import { apiKeyOf, foreignBaggage } from './headers.ts';
import { parseObject, serialise, textOf } from './request-body.ts';
import { letPass } from './uncaught.ts';

interface HttpRequest {
  method: string;
  hostname: string;
  port?: number;
  path: string;
  headers: Record<string, string>;
  body?: unknown;
}

interface Args {
  input: unknown;
  request?: unknown;
}
type Result = { output: unknown; response: unknown };
type Next = (args: Args) => Promise<Result>;
type Middleware = (next: Next) => Next;

interface MiddlewareStack {
  identify(): readonly string[];
  add(middleware: Middleware, options: object): void;
  addRelativeTo(middleware: Middleware, options: object): void;
}

interface AwsFrame extends Frame {
  signal: AbortSignal | undefined;
  denied?: BudgetExceededError;
  /** Held while the SDK reads an answer, and by nobody here after that. */
  view?: View | undefined;
}

const SIGNER = 'httpSigningMiddleware';
const patched = new WeakSet<object>();
const joined = new WeakSet<object>();

/** False where it is not the client that we know: then nothing sees its calls. */
export function hookAws(client: Client, sdk: unknown): boolean {
  if (typeof sdk !== 'function') return false;
  const own = sdk.prototype as { send?: unknown };
  if (patched.has(own)) return true;
  if (typeof own.send !== 'function') return false;
  patched.add(own);
  const inherited = Object.hasOwn(own, 'send') ? own.send : undefined;
  const send = function (this: { middlewareStack?: MiddlewareStack }, ...args: unknown[]): unknown {
    const original = (inherited ?? Object.getPrototypeOf(own).send) as (...args: unknown[]) => unknown;
    if (!this.middlewareStack || !join(client, this.middlewareStack)) return original.apply(this, args);
    return sent(() => original.apply(this, args), args);
  };
  Object.defineProperty(own, 'send', { value: send, configurable: true, writable: true });
  return true;
}

/** Puts our middleware into a client's stack, once. */
function join(client: Client, stack: MiddlewareStack): boolean {
  if (joined.has(stack)) return true;
  if (!stack.identify().some((name) => name.startsWith(SIGNER))) {
    warnUncaught();
    return false;
  }
  joined.add(stack);
  stack.addRelativeTo(admit(client), {
    name: 'spendfuseAdmit',
    relation: 'before',
    toMiddleware: SIGNER,
    override: true,
  });
  stack.add(watch, { name: 'spendfuseWatch', step: 'deserialize', priority: 'low', override: true });
  return true;
}

export function warnUncaught(): void {
  warnOnce(
    'core of @aws-sdk/client-bedrock-runtime',
    'this version of @aws-sdk/client-bedrock-runtime is not known here, so its calls are NEITHER METERED NOR CAPPED; use version 3.700 or newer',
  );
}

/** With a callback in place of a promise, the callback is told first what the caller's own is told. */
function sent(send: () => unknown, args: unknown[]): unknown {
  const call = new Call();
  const options = args[1] as { abortSignal?: AbortSignal } | undefined;
  const frame: AwsFrame = { call, owned: false, signal: signalOf(options?.abortSignal) };
  const failed = (error: unknown): void => call.end(call.errorType ?? errorTypeOf(error));
  const at = args.findIndex((arg, index) => index > 0 && typeof arg === 'function');
  if (at > 0) {
    const callback = args[at] as (error: unknown, data?: unknown) => void;
    args[at] = (error: unknown, data?: unknown) => {
      if (error) failed(error);
      callback(error, data);
    };
  }
  const answer = frames.run(frame, send);
  if (answer instanceof Promise) answer.then(undefined, failed);
  return answer;
}

/** Smithy has a signal of its own, too, which cannot be listened to in this way. */
function signalOf(signal: AbortSignal | undefined): AbortSignal | undefined {
  return typeof signal?.addEventListener === 'function' ? signal : undefined;
}

const admit = (client: Client): Middleware => {
  return (next) => async (args) => {
    const frame = frames.getStore() as AwsFrame | undefined;
    const request = args.request as HttpRequest | undefined;
    const text = request && textOf(request.body);
    const what = frame && request && text !== undefined ? caught(request, text, frame.signal) : undefined;
    if (!frame || !request || text === undefined || !what) return next(args);
    const attempt = await begin(client, frame, what);
    if (attempt === undefined) letPass(what.format);
    // One that was aborted meanwhile is the SDK's to refuse.
    if (!(attempt instanceof Attempt)) return next(args);
    frame.attempt = attempt;
    try {
      const result = await next({ ...args, request: rewritten(request, text, what, attempt) });
      if (frame.view) holdView(result.output, frame.view);
      return result;
    } catch (error) {
      if (frame.view) frame.view.failed(error);
      else attempt.fail(error);
      throw error;
    } finally {
      delete frame.attempt;
      delete frame.view;
    }
  };
};

async function begin(client: Client, frame: AwsFrame, what: Caught): Promise<unknown> {
  if (frame.denied) throw frame.denied;
  try {
    return await beginAttempt(client, frame.call, what);
  } catch (error) {
    if (error instanceof BudgetExceededError) frame.denied = error;
    throw error;
  }
}

function caught({ method, hostname, port, path, headers }: HttpRequest, text: string, signal?: AbortSignal) {
  const format = formatFor(method, path);
  const body = format?.provider === 'aws' ? parseObject(text) : undefined;
  if (!format || !body) return undefined;
  const what: Caught = { format, body, bodyBytes: Buffer.byteLength(text), path, provider: 'aws', host: hostname };
  const apiKey = apiKeyOf(headers);
  what.port = port ?? 443;
  if (apiKey !== undefined) what.apiKey = apiKey;
  if (signal) what.signal = signal;
  return what;
}

/** The SDK keeps its request for the next attempt, so a changed one is another object of the same kind. */
function rewritten(request: HttpRequest, text: string, { body, path }: Caught, attempt: Attempt): HttpRequest {
  const changed = serialise(text, body, attempt.body);
  const baggage = foreignBaggage(request.headers);
  if (changed === text && attempt.path === path && baggage === undefined) return request;
  const next = Object.assign(Object.create(Object.getPrototypeOf(request)) as HttpRequest, request);
  next.headers = { ...request.headers };
  next.path = attempt.path;
  if (changed !== text) {
    next.body = changed;
    if (next.headers['content-length'] !== undefined)
      next.headers['content-length'] = String(Buffer.byteLength(changed));
  }
  if (baggage === '') delete next.headers.baggage;
  else if (baggage !== undefined) next.headers.baggage = baggage;
  return next;
}

const watch: Middleware = (next) => async (args) => {
  const frame = frames.getStore() as AwsFrame | undefined;
  const attempt = frame?.attempt;
  if (!frame || !attempt || attempt.ended || frame.view) return next(args);
  // Some have a request handler that ends in fetch.
  frame.owned = true;
  try {
    const result = await attempt.send(() => next(args));
    frame.view = watchAnswer(result.response as HttpResponse, attempt, frame.signal);
    return result;
  } finally {
    frame.owned = false;
  }
};

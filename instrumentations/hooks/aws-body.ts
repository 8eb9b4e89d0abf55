/**
 * A Bedrock answer on its way through AWS's SDK: the body as the network gives it, and the stream of events that the SDK makes of
 * it. Both stay the SDK's own objects; they are only listened to, and nothing is read that is not read anyway.
 */
import type { Readable } from 'node:stream';
import type { Attempt } from '../../src/client/attempt.ts';
import { Answer, type View } from './body.ts';
import { framingOf } from './framing.ts';
import { classPatcher } from './patch.ts';
import { stamps } from './stamp.ts';
import { watchStream } from './stream.ts';

/** As the SDK's request handlers give it. */
export interface HttpResponse {
  statusCode: number;
  headers: Record<string, string | undefined>;
  body?: unknown;
}

/** Undefined where nothing can come of it any more. The view has to be held by whoever can still read the answer. */
export function watchAnswer(
  response: HttpResponse,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): View | undefined {
  const { statusCode, headers = {}, body } = response;
  if (!(statusCode >= 200 && statusCode < 300)) {
    attempt.end({ kind: 'rejected', httpStatus: statusCode });
    return undefined;
  }
  const framing = framingOf(headers['content-type'] ?? '');
  const view = new Answer(attempt, framing, signal, (name) => headers[name]).view();
  if (isReadable(body)) listen(body, view);
  else if (body instanceof ReadableStream) watchStream(body, view);
  else if (body instanceof Uint8Array) view.bytes(body);
  else view.failed(new Error('unreadable'));
  return view;
}

function isReadable(body: unknown): body is Readable {
  const { emit, read } = (body ?? {}) as Partial<Readable>;
  return typeof emit === 'function' && typeof read === 'function';
}

/**
 * Whatever is read of a stream passes through its `emit`, in whichever way it is read; a listener of our own would make it flow.
 * The view is held weakly: connections live on where the answer is forgotten.
 */
function listen(body: Readable, view: View): void {
  const seen = new WeakRef(view);
  const { emit } = body;
  const hadOwn = Object.hasOwn(body, 'emit');
  const leave = (): unknown => (hadOwn ? Object.assign(body, { emit }) : Reflect.deleteProperty(body, 'emit'));
  const spy = function (this: Readable, event: string | symbol, ...args: unknown[]): boolean {
    const by = seen.deref();
    if (by && !by.over) tell(by, event, args[0]);
    if ((!by || by.over) && body.emit === spy) leave();
    return emit.call(this, event, ...args);
  };
  body.emit = spy as Readable['emit'];
}

function tell(view: View, event: string | symbol, value: unknown): void {
  switch (event) {
    case 'data':
      view.chunk(value);
      break;
    case 'end':
      view.done();
      break;
    case 'error':
      view.failed(value);
      break;
    case 'aborted': // A stream of HTTP/2 that was cut ends as if it were whole, after this.
      view.failed(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
      break;
    case 'close':
      view.cancelled();
  }
}

const views = stamps<View>();

/** The SDK does not let go of a body whose events are left, so nothing below tells of it. */
export function holdView(output: unknown, view: View): void {
  if (typeof output !== 'object' || output === null) return;
  for (const value of Object.values(output)) {
    if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) continue;
    patchIterable(value);
    views.put(value, view);
  }
}

type Iterate = (this: object) => AsyncIterator<unknown>;

const patchIterable = classPatcher({
  [Symbol.asyncIterator]: (original: Iterate) =>
    function (this: object) {
      const iterator = original.call(this);
      const view = views.of(this);
      if (view) watchIterator(iterator, view);
      return iterator;
    },
});

/** It holds the view, too, for the stream itself may be forgotten while its events are read. */
function watchIterator(iterator: AsyncIterator<unknown>, view: View): void {
  views.put(iterator, view);
  const { return: stop } = iterator;
  if (typeof stop !== 'function') return;
  const value = function (this: unknown, ...args: [unknown?]) {
    view.cancelled();
    return stop.apply(iterator, args);
  };
  Object.defineProperty(iterator, 'return', { value, configurable: true, writable: true });
}

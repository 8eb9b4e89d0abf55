/**
 * The provider's own Response, watched while the application reads it. It stays the same object with the same
 * promises; the ways to read its body are replaced on this one instance.
 */
import type { Attempt } from '../../src/client/call.ts';
import { Answer, type View } from './body.ts';
import { parseEvent } from './sse.ts';
import { watchStream } from './stream.ts';
import { ExtraEventStripper } from './strip.ts';

interface Watched {
  view: View;
  /** Where a response (a mock, say) has methods of its own instead of its class's. */
  own: Partial<Record<string, (...args: never[]) => unknown>> | undefined;
}

const watched = new WeakMap<object, Watched>();
const METHODS = ['json', 'text', 'arrayBuffer', 'bytes', 'blob', 'formData', 'clone'] as const;

/** Ends the attempt when the response's body has been read, broken off, or can no longer be read. */
export function watchResponse(response: Response, attempt: Attempt, signal: AbortSignal | undefined): void {
  try {
    if (!response.ok) {
      attempt.end({ kind: 'rejected', httpStatus: response.status });
      return;
    }
    const type = response.headers.get('content-type') ?? '';
    watch(response, new Answer(attempt, /event-stream|ndjson|jsonl/.test(type), signal));
  } catch {
    attempt.end({ kind: 'lost', errorType: 'unreadable' });
  }
}

function watch(response: Response, answer: Answer): void {
  let own: Watched['own'];
  if (Object.hasOwn(response, 'json') || Object.hasOwn(response, 'text')) own = ownMethods(response);
  watched.set(response, { view: answer.view(), own });
  Object.defineProperties(response, OVERRIDES);
}

function ownMethods(response: Response): Watched['own'] {
  return Object.fromEntries(
    METHODS.filter((name) => Object.hasOwn(response, name)).map((name) => [name, response[name]]),
  );
}

function original<T>(response: Response, name: string): () => T {
  const method = watched.get(response)?.own?.[name] ?? Object.getPrototypeOf(response)[name];
  return () => (method as () => T).call(response);
}

function viewOf(response: Response): View {
  return (watched.get(response) as Watched).view;
}

/** Reads through the original and tells the view; the promise is the original's own. */
function tell<T>(result: Promise<T>, view: View, seen: (value: T) => void): Promise<T> {
  result.then(seen, (error: unknown) => view.failed(error));
  return result;
}

function json(this: Response): Promise<unknown> {
  const view = viewOf(this);
  return tell(original<Promise<unknown>>(this, 'json')(), view, (body) => view.json(body));
}

function text(this: Response): Promise<string> {
  const view = viewOf(this);
  const result = tell(original<Promise<string>>(this, 'text')(), view, (body) => tellText(view, body));
  return hides(view) ? result.then((body) => stripped(view, Buffer.from(body)).toString('utf8')) : result;
}

function tellText(view: View, body: string): void {
  const parsed = view.answer.streams ? undefined : parseEvent(body);
  if (parsed !== undefined) view.json(parsed);
  else view.bytes(Buffer.from(body));
}

function arrayBuffer(this: Response): Promise<ArrayBuffer> {
  const view = viewOf(this);
  const result = tell(original<Promise<ArrayBuffer>>(this, 'arrayBuffer')(), view, (body) =>
    view.bytes(new Uint8Array(body)),
  );
  return hides(view) ? result.then((body) => Uint8Array.from(stripped(view, Buffer.from(body))).buffer) : result;
}

function bytes(this: Response): Promise<Uint8Array> {
  const view = viewOf(this);
  const result = tell(original<Promise<Uint8Array>>(this, 'bytes')(), view, (body) => view.bytes(body));
  return hides(view) ? result.then((body) => Uint8Array.from(stripped(view, Buffer.from(body)))) : result;
}

function blob(this: Response): Promise<Blob> {
  const view = viewOf(this);
  return original<Promise<Blob>>(this, 'blob')().then(
    async (body) => {
      const content = Buffer.from(await body.arrayBuffer());
      view.bytes(content);
      return hides(view) ? new Blob([Uint8Array.from(stripped(view, content))], { type: body.type }) : body;
    },
    (error: unknown) => {
      view.failed(error);
      throw error;
    },
  );
}

/** No answer of an AI provider is a form; what this one said stays unknown. */
function formData(this: Response): Promise<FormData> {
  const view = viewOf(this);
  return tell(original<Promise<FormData>>(this, 'formData')(), view, () => view.failed(new Error('form')));
}

function clone(this: Response): Response {
  const copy = original<Response>(this, 'clone')();
  watch(copy, viewOf(this).answer);
  return copy;
}

function body(this: Response): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  const stream = Reflect.get(Object.getPrototypeOf(this), 'body', this) as ReadableStream<
    Uint8Array<ArrayBuffer>
  > | null;
  return stream && watchStream(stream, viewOf(this));
}

function hides(view: View): boolean {
  return view.answer.streams && view.answer.attempt.hidesExtraEvent;
}

function stripped(view: View, content: Buffer): Buffer {
  const stripper = new ExtraEventStripper(view.answer.attempt.format);
  return Buffer.concat([stripper.push(content), stripper.flush()].filter((part) => part !== undefined));
}

const method = (value: unknown): PropertyDescriptor => ({ value, configurable: true, writable: true });
const OVERRIDES: PropertyDescriptorMap = {
  json: method(json),
  text: method(text),
  arrayBuffer: method(arrayBuffer),
  bytes: method(bytes),
  blob: method(blob),
  formData: method(formData),
  clone: method(clone),
  body: { get: body, configurable: true },
};

/**
 * The provider's own Response, watched while the application reads it. It stays the same object with the same
 * promises. What reads a body is replaced once on its class, and passes on to the original; a response that nobody
 * watches goes straight through.
 */
import { Answer, type View, type Watched } from './body.ts';
import { framingOf } from './framing.ts';
import { hearGateway } from './gateway.ts';
import { classPatcher } from './patch.ts';
import { stamps } from './stamp.ts';
import { watchStream } from './stream.ts';
import { ExtraEventStripper } from './strip.ts';

const views = stamps<View>();

/** Ends the attempt when the response's body has been read, broken off, or can no longer be read. */
export function watchResponse(response: Response, attempt: Watched, signal: AbortSignal | undefined): void {
  try {
    if (!response.ok) {
      attempt.end({ kind: 'rejected', httpStatus: response.status });
      return;
    }
    const type = response.headers.get('content-type') ?? '';
    const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
    hearGateway(attempt, header);
    const framing = framingOf(type);
    const isOpaque = !framing && attempt.format.opaque !== undefined && !/json/.test(type);
    watch(response, new Answer(attempt, framing, signal, header, isOpaque));
  } catch {
    attempt.end({ kind: 'lost', errorType: 'unreadable' });
  }
}

function watch(response: Response, answer: Answer): void {
  if (views.of(response) === undefined) patchReaders(response);
  views.put(response, answer.view());
}

type Method<T> = (this: Response) => T;

const patchReaders = classPatcher({
  json: (original: Method<Promise<unknown>>) =>
    function (this: Response) {
      return whole(this, original, (view, body) => view.json(body));
    },
  text: (original: Method<Promise<string>>) =>
    function (this: Response) {
      const result = whole(this, original, tellText);
      return hiding(this, result, (view, body) => stripped(view, Buffer.from(body)).toString('utf8'));
    },
  arrayBuffer: (original: Method<Promise<ArrayBuffer>>) =>
    function (this: Response) {
      const result = whole(this, original, (view, body) => view.bytes(new Uint8Array(body)));
      return hiding(this, result, (view, body) => Uint8Array.from(stripped(view, Buffer.from(body))).buffer);
    },
  bytes: (original: Method<Promise<Uint8Array>>) =>
    function (this: Response) {
      const result = whole(this, original, (view, body) => view.bytes(body));
      return hiding(this, result, (view, body) => Uint8Array.from(stripped(view, Buffer.from(body))));
    },
  blob: (original: Method<Promise<Blob>>) =>
    function (this: Response) {
      return readBlob(this, original.call(this));
    },
  // No answer of an AI provider is a form; what this one said stays unknown.
  formData: (original: Method<Promise<FormData>>) =>
    function (this: Response) {
      return whole(this, original, (view) => view.failed(new Error('form')));
    },
  clone: (original: Method<Response>) =>
    function (this: Response) {
      const copy = original.call(this);
      const view = views.of(this);
      if (view) watch(copy, view.answer);
      return copy;
    },
  body: (original: Method<Response['body']>) =>
    function (this: Response) {
      const stream = original.call(this);
      const view = stream && views.of(this);
      return view ? watchStream(stream, view) : stream;
    },
});

const tellText = (view: View, body: string): void => view.text(body);

/** Reads it in one piece and tells the view; the promise is the original's own. */
function whole<T>(response: Response, read: Method<Promise<T>>, seen: (view: View, value: T) => void): Promise<T> {
  const view = views.of(response);
  view?.beginWhole();
  const result = read.call(response);
  if (view) {
    result.then(
      (value) => seen(view, value),
      (error: unknown) => view.failed(error),
    );
  }
  return result;
}

/** The SDK parses the text that it reads of a response: its object is taken, so that no body is parsed twice. */
export function expectParsed(response: Response, parsed: Promise<unknown>, isOfResponse: () => boolean): void {
  views.of(response)?.expectParsed(parsed, isOfResponse);
}

/** Without the event that is not the caller's. */
function hiding<T>(response: Response, result: Promise<T>, strip: (view: View, value: T) => T): Promise<T> {
  const view = views.of(response);
  return view && hides(view) ? result.then((value) => strip(view, value)) : result;
}

function readBlob(response: Response, result: Promise<Blob>): Promise<Blob> {
  const view = views.of(response);
  if (!view) return result;
  return result.then(
    async (body) => {
      if (view.answer.isOpaque) {
        view.size(body.size);
        return body;
      }
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

function hides(view: View): boolean {
  return view.answer.streams && view.answer.attempt.hidesExtraEvent;
}

function stripped(view: View, content: Buffer): Buffer {
  const stripper = new ExtraEventStripper(view.answer.attempt.format);
  return Buffer.concat([stripper.push(content), stripper.flush()].filter((part) => part !== undefined));
}

/**
 * A response's own body stream, watched while the application reads it. It stays the same object; the ways to read it
 * are replaced once on its class, and each passes on to the original. Nothing is read ahead and nothing is drained: no
 * `tee`.
 */
import type { View } from './body.ts';
import { classPatcher } from './patch.ts';
import { stamps } from './stamp.ts';
import { ExtraEventStripper } from './strip.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Stream = ReadableStream<Bytes>;
type Result = ReadableStreamReadResult<Bytes>;
type Next = () => Promise<Result>;

interface Watched {
  view: View;
  strip: ExtraEventStripper | undefined;
}

const watched = stamps<Watched>();

export function watchStream(stream: Stream, view: View): Stream {
  if (watched.of(stream)) return stream;
  patchStream(stream);
  const { attempt } = view.answer;
  watched.put(stream, { view, strip: attempt.hidesExtraEvent ? new ExtraEventStripper(attempt.format) : undefined });
  return stream;
}

type Original<K extends keyof Stream> = Stream[K] & ((this: Stream, ...args: unknown[]) => unknown);

const values = (original: Original<'values'>) =>
  function (this: Stream, options?: { preventCancel?: boolean }) {
    const iterator = original.call(this, options) as AsyncIterator<Bytes>;
    const by = watched.of(this);
    return by ? watchIterator(iterator, by, options) : iterator;
  };

const patchStream = classPatcher({
  getReader: (original: Original<'getReader'>) =>
    function (this: Stream, options?: { mode?: string }) {
      const reader = original.call(this, options) as unknown as ReadableStreamDefaultReader<Bytes>;
      const by = watched.of(this);
      // Whoever reads the whole of it for the application has it to tell.
      if (!by || by.view.comesWhole) return reader;
      return options?.mode === 'byob' ? watchByob(reader, by.view) : watchReader(reader, by, this);
    },
  values,
  [Symbol.asyncIterator]: values,
  cancel: (original: Original<'cancel'>) =>
    function (this: Stream, reason?: unknown) {
      const by = watched.of(this);
      if (by && !this.locked) by.view.cancelled();
      return original.call(this, reason);
    },
  // Native pipes and tees read behind our back, so they get a stream that reads through us.
  tee: (original: Original<'tee'>) => throughUs(original),
  pipeTo: (original: Original<'pipeTo'>) => throughUs(original),
  pipeThrough: (original: Original<'pipeThrough'>) => throughUs(original),
});

function throughUs(original: (this: Stream, ...args: unknown[]) => unknown) {
  return function (this: Stream, ...args: unknown[]) {
    return original.apply(watched.of(this) ? through(this) : this, args);
  };
}

function define(target: object, members: Record<string | symbol, unknown>): void {
  for (const name of Reflect.ownKeys(members)) {
    Object.defineProperty(target, name, { value: members[name], configurable: true, writable: true });
  }
}

function watchReader(
  reader: ReadableStreamDefaultReader<Bytes>,
  by: Watched,
  stream: Stream,
): ReadableStreamDefaultReader<Bytes> {
  const cancel = reader.cancel.bind(reader);
  const release = reader.releaseLock.bind(reader);
  define(reader, {
    read: watchNext(reader.read.bind(reader), by),
    cancel: (reason?: unknown) => {
      by.view.cancelled();
      by.strip?.drop();
      return cancel(reason);
    },
    releaseLock: () => {
      release();
      if (!by.view.over) leaveSoon(by.view, stream);
    },
  });
  return reader;
}

/** Nobody lets a stream go for this long and reads on. */
const LEFT_MS = 1000;

/**
 * @google/genai lets go of a stream that is broken off, and neither cancels it nor reads on; the connection keeps it from being
 * collected, so its hold would stay. Whoever only passes it on takes it up at once.
 */
function leaveSoon(view: View, stream: Stream): void {
  setTimeout(() => {
    if (!stream.locked) view.cancelled();
  }, LEFT_MS).unref();
}

/** The caller's buffers are used again for the next read, so what is seen has to be copied. */
function watchByob<T extends { read: unknown; cancel: unknown }>(reader: T, view: View): T {
  const byob = reader as unknown as ReadableStreamBYOBReader;
  const read = byob.read.bind(byob);
  const cancel = byob.cancel.bind(byob);
  define(byob, {
    read: (...args: Parameters<typeof read>) => {
      view.answer.reading?.ask();
      const result = read(...args);
      result.then(
        ({ done, value }) => {
          view.answer.reading?.get();
          if (value) view.chunk(Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)));
          if (done) view.done();
        },
        (error: unknown) => view.failed(error),
      );
      return result;
    },
    cancel: (reason?: unknown) => {
      view.cancelled();
      return cancel(reason);
    },
  });
  return reader;
}

function watchIterator<T extends AsyncIterator<Bytes, unknown>>(
  iterator: T,
  by: Watched,
  options: { preventCancel?: boolean } | undefined,
): T {
  const next = iterator.next.bind(iterator) as Next;
  const stop = iterator.return?.bind(iterator);
  define(iterator, {
    next: watchNext(next, by),
    return: (value?: unknown) => {
      if (!options?.preventCancel) {
        by.view.cancelled();
        by.strip?.drop();
      }
      return stop?.(value);
    },
  });
  return iterator;
}

/** The original's own promise is returned, unless an event has to be taken out. */
function watchNext(next: Next, { view, strip }: Watched): Next {
  const { reading } = view.answer;
  const seen = ({ done, value }: Result): void => {
    reading?.get();
    if (done) view.done();
    else view.chunk(value);
  };
  const failed = (error: unknown): void => view.failed(error);
  const ask = (): Promise<Result> => {
    reading?.ask();
    return next();
  };
  if (strip) return nextStripped(ask, strip, seen, failed);
  return () => {
    const result = ask();
    result.then(seen, failed);
    return result;
  };
}

/** What was held back is the caller's, too, when the stream fails: the failure comes after it. */
function nextStripped(
  next: Next,
  strip: ExtraEventStripper,
  seen: (result: Result) => void,
  failed: (error: unknown) => void,
): Next {
  let failure: { error: unknown } | undefined;
  const fail = (error: unknown): Result => {
    failed(error);
    const rest = strip.flush();
    if (!rest) throw error;
    failure = { error };
    return { done: false, value: rest as Bytes };
  };
  const pass = async (): Promise<Result> => {
    for (;;) {
      const result = await next();
      seen(result);
      const passed = result.done ? strip.flush() : strip.push(result.value);
      if (passed) return { done: false, value: passed as Bytes };
      if (result.done) return result;
    }
  };
  return async () => {
    if (!failure) return pass().catch(fail);
    const { error } = failure;
    failure = undefined;
    throw error;
  };
}

/** The same bytes, one read for each read, cancelled and failed together. */
function through(stream: Stream): Stream {
  const reader = stream.getReader();
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

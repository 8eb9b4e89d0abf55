/**
 * A response's own body stream, watched while the application reads it. It stays the same object: only the ways to
 * read it are replaced on this one instance, and each passes on to the original. Nothing is read ahead and nothing is
 * drained: no `tee`.
 */
import type { View } from './body.ts';
import { stamps } from './stamp.ts';
import { ExtraEventStripper } from './strip.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Stream = ReadableStream<Bytes>;
type Result = ReadableStreamReadResult<Bytes>;
type Next = () => Promise<Result>;

const watched = stamps<true>();

export function watchStream(stream: Stream, view: View): Stream {
  if (watched.of(stream)) return stream;
  watched.put(stream, true);
  const strip = view.answer.attempt.hidesExtraEvent ? new ExtraEventStripper(view.answer.attempt.format) : undefined;
  const original = {
    getReader: stream.getReader.bind(stream) as (options?: unknown) => ReadableStreamDefaultReader<Bytes>,
    values: stream.values.bind(stream),
    cancel: stream.cancel.bind(stream),
  };
  const values = (options?: { preventCancel?: boolean }) =>
    watchIterator(original.values(options), view, strip, options);
  define(stream, {
    getReader: (options?: { mode?: string }) => {
      const reader = original.getReader(options);
      return options?.mode === 'byob' ? watchByob(reader, view) : watchReader(reader, view, strip);
    },
    values,
    [Symbol.asyncIterator]: values,
    cancel: (reason?: unknown) => {
      if (!stream.locked) view.cancelled();
      return original.cancel(reason);
    },
    // Native pipes and tees read behind our back, so they get a stream that reads through us.
    tee: () => through(stream).tee(),
    pipeTo: (to: WritableStream<Bytes>, options?: StreamPipeOptions) => through(stream).pipeTo(to, options),
    pipeThrough: <T>(to: ReadableWritablePair<T, Bytes>, options?: StreamPipeOptions) =>
      through(stream).pipeThrough(to, options),
  });
  return stream;
}

function define(target: object, members: Record<string | symbol, unknown>): void {
  for (const name of Reflect.ownKeys(members)) {
    Object.defineProperty(target, name, { value: members[name], configurable: true, writable: true });
  }
}

function watchReader(
  reader: ReadableStreamDefaultReader<Bytes>,
  view: View,
  strip: ExtraEventStripper | undefined,
): ReadableStreamDefaultReader<Bytes> {
  const cancel = reader.cancel.bind(reader);
  define(reader, {
    read: watchNext(reader.read.bind(reader), view, strip),
    cancel: (reason?: unknown) => {
      view.cancelled();
      return cancel(reason);
    },
  });
  return reader;
}

/** The caller's buffers are used again for the next read, so what is seen has to be copied. */
function watchByob<T extends { read: unknown; cancel: unknown }>(reader: T, view: View): T {
  const byob = reader as unknown as ReadableStreamBYOBReader;
  const read = byob.read.bind(byob);
  const cancel = byob.cancel.bind(byob);
  define(byob, {
    read: (...args: Parameters<typeof read>) => {
      const result = read(...args);
      result.then(
        ({ done, value }) => {
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
  view: View,
  strip: ExtraEventStripper | undefined,
  options: { preventCancel?: boolean } | undefined,
): T {
  const next = iterator.next.bind(iterator) as Next;
  const stop = iterator.return?.bind(iterator);
  define(iterator, {
    next: watchNext(next, view, strip),
    return: (value?: unknown) => {
      if (!options?.preventCancel) view.cancelled();
      return stop?.(value);
    },
  });
  return iterator;
}

/** The original's own promise is returned, unless an event has to be taken out. */
function watchNext(next: Next, view: View, strip: ExtraEventStripper | undefined): Next {
  const seen = ({ done, value }: Result): void => {
    if (done) view.done();
    else view.chunk(value);
  };
  const failed = (error: unknown): void => view.failed(error);
  if (strip) return () => nextStripped(next, strip, seen, failed);
  return () => {
    const result = next();
    result.then(seen, failed);
    return result;
  };
}

async function nextStripped(
  next: Next,
  strip: ExtraEventStripper,
  seen: (result: Result) => void,
  failed: (error: unknown) => void,
): Promise<Result> {
  for (;;) {
    const result = await next().catch((error: unknown) => {
      failed(error);
      throw error;
    });
    seen(result);
    const passed = result.done ? strip.flush() : strip.push(result.value);
    if (passed) return { done: false, value: passed as Bytes };
    if (result.done) return result;
  }
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

import type { DurationMs } from '../domain/time.ts';

/** What the promise resolves to, or undefined when that takes longer. */
export async function within<T>(ms: DurationMs, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

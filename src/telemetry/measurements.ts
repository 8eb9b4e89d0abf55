/**
 * Measurements are recorded a moment later, many at a time. An SDK hashes all attributes of each; one at a time, between a
 * request and its answer, that takes more than twice as long as in a row, and the application waits for it. What waits is
 * recorded before metrics are collected, so nothing is collected too late.
 */
import type { Attributes, Context, Histogram } from '@opentelemetry/api';

const MAX_WAITING = 192;
const WAIT_MS = 100;

interface Measurement {
  histogram: Histogram;
  value: number;
  attributes: Attributes;
  /** What was active then: views may read it. */
  context: Context;
}

const waiting: Measurement[] = [];
let willRecord = false;
let failure: unknown;

/** Never throws: what an SDK throws, `throwFailure` does. */
export function measure(histogram: Histogram, value: number, attributes: Attributes, context: Context): void {
  waiting.push({ histogram, value, attributes, context });
  if (waiting.length >= MAX_WAITING) recordWaiting();
  if (willRecord || waiting.length === 0) return;
  willRecord = true;
  setTimeout(() => {
    willRecord = false;
    recordWaiting();
  }, WAIT_MS).unref();
}

export function recordWaiting(): void {
  for (const { histogram, value, attributes, context } of waiting.splice(0)) {
    try {
      histogram.record(value, attributes, context);
    } catch (error) {
      failure = error;
    }
  }
}

/** For whoever may tell of it: an SDK that fails is no secret. */
export function throwFailure(): void {
  if (failure === undefined) return;
  const error = failure;
  failure = undefined;
  throw error;
}

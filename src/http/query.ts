import { z } from 'zod';
import { DIMENSIONS, SERVED_DIMENSIONS, type UsageDimension } from '../domain/attribution.ts';

/** Name → value; a repeated parameter reads like a comma-separated one. Values are text until a schema reads them. */
export function parseQuery(url: string): Record<string, string> {
  const start = url.indexOf('?');
  const query = new Map<string, string>();
  if (start >= 0) {
    for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
      const before = query.get(name);
      query.set(name, before === undefined ? value : `${before},${value}`);
    }
  }
  return Object.fromEntries(query);
}

export const DEFAULT_LIMIT = 1000;

/** `limit` and `cursor`, which every list takes. */
export const pageShape = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a number from 1 to 1000')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= 1000, 'must be a number from 1 to 1000')
    .optional(),
  cursor: z.string().min(1).max(1024).optional(),
};

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** An instant as a date (midnight UTC) or a date and time with its offset, in milliseconds. */
export const instantQuery = z
  .string()
  .refine(
    (text) => INSTANT.test(text) && !Number.isNaN(Date.parse(text)),
    'must be a date (2026-11-01) or a date and time with an offset (2026-11-01T08:00:00Z)',
  )
  .transform((text) => Date.parse(text));

const NAMES: readonly string[] = [...DIMENSIONS, ...SERVED_DIMENSIONS];

/** Comma-separated dimensions, each named once. */
export const dimensionsQuery = z
  .string()
  .transform((text) => [...new Set(text.split(',').filter((name) => name !== ''))])
  .refine(
    (names) => names.every((name) => NAMES.includes(name)),
    `must be a comma-separated list of ${NAMES.join(', ')}`,
  )
  .transform((names) => names as UsageDimension[]);

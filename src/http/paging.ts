import { problem } from './problem.ts';
import { DEFAULT_LIMIT } from './query.ts';
import type { Reply } from './route.ts';

export interface PageQuery {
  limit?: number;
  cursor?: string;
}

/** A page of a list that is whole in memory; the cursor is the key of the last item given. */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  query: PageQuery,
): { items: T[]; next?: string } | { problem: Reply } {
  const limit = query.limit ?? DEFAULT_LIMIT;
  let start = 0;
  if (query.cursor !== undefined) {
    start = items.findIndex((item) => keyOf(item) === query.cursor) + 1;
    if (start === 0) return { problem: unknownCursor() };
  }
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  if (last === undefined || start + limit >= items.length) return { items: page };
  return { items: page, next: keyOf(last) };
}

/** 422: a cursor of another list, or made up, or too old. */
export function unknownCursor(): Reply {
  const detail = 'is not a cursor of this list, or what it pointed at is gone; start again without it';
  return problem(422, 'invalid-request', `cursor: ${detail}`, { extra: { errors: [{ parameter: 'cursor', detail }] } });
}

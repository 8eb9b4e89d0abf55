/**
 * Tokens of texts, counted without losing what a bound is: never less than the provider counts, and never long.
 *
 * A tokenizer takes text apart by an expression first and merges bytes inside the parts only. Between a letter and a space that
 * a letter follows there is always such a border, whatever stands around it; so texts may be cut there, and the counts of the
 * pieces add up to the count of the whole. What cannot be cut into short pieces (a run of one letter takes a time that grows
 * with its square), what stands before the first border and after the last (nobody knows what a provider puts beside it), and
 * what is over the whole allowance counts by its bytes, as in the bound without counting.
 */

/** Tokens of a short text, without a meaning for `<|…|>`. */
export type CountTokens = (text: string) => number;

/** Longer pieces count by their bytes: half a millisecond at the worst. */
const MAX_PIECE_CHARS = 256;
/** As many characters of a request are counted at the most: some 10 ms. */
export const MAX_COUNTED_CHARS = 128 * 1024;

/** How many tokens fewer these texts have than bytes; 0 or more. */
export function tokensSaved(texts: Iterable<string>, count: CountTokens): number {
  let saved = 0;
  let left = MAX_COUNTED_CHARS;
  for (const text of texts) {
    if (left <= 0) break;
    const within = text.length > left ? text.slice(0, left) : text;
    left -= within.length;
    saved += savedIn(within, count);
  }
  return saved;
}

function savedIn(text: string, count: CountTokens): number {
  let saved = 0;
  let start = -1;
  let end = -1;
  const take = (): void => {
    if (start >= 0 && end > start && end - start <= MAX_PIECE_CHARS) saved += savedOf(text.slice(start, end), count);
  };
  for (let at = text.indexOf(' ', 1); at >= 0 && at < text.length - 1; at = text.indexOf(' ', at + 1)) {
    if (!isLetter(text.charCodeAt(at - 1)) || !isLetter(text.charCodeAt(at + 1))) continue;
    if (start < 0) start = at;
    else if (at - start > MAX_PIECE_CHARS) {
      take();
      start = Math.max(end, start);
    }
    end = at;
  }
  take();
  return saved;
}

function savedOf(piece: string, count: CountTokens): number {
  return Math.max(0, Buffer.byteLength(piece) - count(piece));
}

/** Of the Latin alphabet: nothing combines with it across a space. */
function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

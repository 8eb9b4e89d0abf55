/** Longer words are not compared: a suggestion is for a slip of the finger. */
const MAX_LENGTH = 64;

/** The known word that the typed one most likely meant, or undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const typed = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 0.5;
  for (const candidate of known) {
    if (Math.abs(candidate.length - typed.length) >= bestDistance) continue;
    const distance = editDistance(typed, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `did you mean "team"?`, or the known words when nothing is near, or the fallback when they are too many to list. */
export function suggest(word: string, known: readonly string[], fallback: string): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length > 0 && known.length <= 20 ? `use one of ${known.join(', ')}` : fallback;
}

/** Edits to get from one word to the other; two swapped neighbours are one edit. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) row.push(cell(rows, row, i, j, from, to));
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}

function cell(rows: number[][], row: number[], i: number, j: number, from: string, to: string): number {
  const replaced = rows[i - 1]![j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
  const cheapest = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, replaced);
  const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
  return swapped ? Math.min(cheapest, rows[i - 2]![j - 2]! + 1) : cheapest;
}

/**
 * Usage that is told long after its request, in an answer to another one: a batch, which tells it when it is read back. Pure, as
 * formats are; the facts of such an answer are its `results`.
 */
import type { Format } from './format.ts';

export interface LateFormat {
  /** Of the answer; whoever reads it streams it (JSON lines) or takes it whole. */
  format: Format;
  /** The batch that the answer to a GET of this path tells of; '': its results name theirs; undefined: no answer to it tells. */
  batchAt(path: string): string | undefined;
}

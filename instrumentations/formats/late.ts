/**
 * Usage that is told long after its request, in an answer to another one: a batch, which tells it when it is read back. Pure, as
 * formats are.
 */
import type { Usage } from '../../src/domain/usage.ts';

export interface LateUsage {
  /** The provider's name for it, the same in whatever answer tells of it: what is told again is known by it. */
  id: string;
  model: string;
  usage: Usage;
  /** When it was asked for; undefined where nobody tells. */
  atMs?: number;
}

export interface LateFormat {
  provider: string;
  /** Whether the answer to a GET of this path may tell of any. */
  matches(path: string): boolean;
  /** What an answer tells of, final counts only. */
  read(body: unknown): LateUsage[];
}

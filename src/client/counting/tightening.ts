/**
 * Counts tokens where the server says that it is worth its time: headroom is short, and a bound by bytes holds several times
 * what an attempt needs. It says so for a signature, and takes it back with the next answer that does not.
 */
import type { Asked } from '../settlement.ts';
import { tokensSaved } from './count.ts';
import { encodingOf, isInstalled, load } from './tokenizer.ts';

/** Signatures to remember; past it all are forgotten, and the server says it again. */
const MAX_TIGHT = 5_000;

export class Tightening {
  #tight = new Set<string>();

  /** None is, in all but tight times: nothing has to be looked up. */
  get isIdle(): boolean {
    return this.#tight.size === 0;
  }

  isTight(signature: string): boolean {
    return this.#tight.has(signature);
  }

  hear(signature: string, tighten: boolean): void {
    if (!tighten) this.#tight.delete(signature);
    else {
      if (this.#tight.size >= MAX_TIGHT) this.#tight = new Set();
      this.#tight.add(signature);
    }
  }
}

/** Whether its input could be counted: the tokenizer is known and there, and the input is all in the request. */
export function isCountable({ provider, model, bound, texts, counted }: Asked): boolean {
  if (counted || !texts || bound.unseenInput) return false;
  return encodingOf(provider, model) !== undefined && isInstalled();
}

/**
 * Puts the counted bound in the place of the one by bytes. From then on it counts as counted, also where that was no gain or
 * the tokenizer failed: there is nothing tighter to come, and the server has to know, for it waits with telling an owner.
 */
export async function recount(asked: Asked): Promise<void> {
  const encoding = encodingOf(asked.provider, asked.model);
  const count = encoding && asked.texts ? await load(encoding) : undefined;
  const saved = count && asked.texts ? tokensSaved(asked.texts(), count) : 0;
  if (saved > 0) asked.bound = { ...asked.bound, inputTokens: Math.max(0, asked.bound.inputTokens - saved) };
  asked.counted = true;
}

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

/** Puts the counted bound in the place of the one by bytes; false when it could not be counted, or to no gain. */
export async function recount(asked: Asked): Promise<boolean> {
  const encoding = encodingOf(asked.provider, asked.model);
  const count = encoding && asked.texts ? await load(encoding) : undefined;
  if (!count || !asked.texts) return false;
  const saved = tokensSaved(asked.texts(), count);
  if (saved <= 0) return false;
  asked.bound = { ...asked.bound, inputTokens: Math.max(0, asked.bound.inputTokens - saved) };
  asked.counted = true;
  return true;
}

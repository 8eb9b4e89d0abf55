import type { NanoUsd } from '../../domain/money.ts';
import { larger } from '../../pricing/rate.ts';

/** Sums and extremes of what attempts of one route hold of late, in two buckets of equal length. */
export class Demand {
  #cur: Bucket = emptyBucket();
  #prev: Bucket = emptyBucket();

  note(amountNanoUsd: NanoUsd): void {
    const bucket = this.#cur;
    bucket.sum += amountNanoUsd;
    if (amountNanoUsd > bucket.dearest) bucket.dearest = amountNanoUsd;
    if (bucket.cheapest === undefined || amountNanoUsd < bucket.cheapest) bucket.cheapest = amountNanoUsd;
  }

  turn(): void {
    this.#prev = this.#cur;
    this.#cur = emptyBucket();
  }

  /** Of the last bucket's length; `share` of the bucket before still counts, in basis points. */
  sumNanoUsd(shareBasisPoints: bigint): NanoUsd {
    return this.#cur.sum + (this.#prev.sum * shareBasisPoints) / 10_000n;
  }

  get dearestNanoUsd(): NanoUsd {
    return larger(this.#cur.dearest, this.#prev.dearest);
  }

  get cheapestNanoUsd(): NanoUsd | undefined {
    const [now, before] = [this.#cur.cheapest, this.#prev.cheapest];
    if (now === undefined || before === undefined) return now ?? before;
    if (now < before) return now;
    return before;
  }
}

interface Bucket {
  sum: NanoUsd;
  dearest: NanoUsd;
  cheapest: NanoUsd | undefined;
}

function emptyBucket(): Bucket {
  return { sum: 0n, dearest: 0n, cheapest: undefined };
}

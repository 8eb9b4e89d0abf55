/** Weights of values in buckets that grow by a tenth each: a value is known to a tenth, upwards. */
const GROWTH = Math.log(1.1);

export class Histogram {
  readonly #least: number;
  readonly #weights: Float64Array;

  /** From `least` to `most`; what lies outside counts as the nearest of the two. */
  constructor(least: number, most: number) {
    this.#least = least;
    this.#weights = new Float64Array(Math.ceil(Math.log(most / least) / GROWTH) + 1);
  }

  add(value: number, weight: number): void {
    const bucket = value <= this.#least ? 0 : Math.ceil(Math.log(value / this.#least) / GROWTH);
    const index = Math.min(bucket, this.#weights.length - 1);
    this.#weights[index]! += weight;
  }

  /** The least value that no more than this weight lies above; infinite where that is the last bucket's. */
  valueBelow(weightAbove: number): number {
    let above = 0;
    for (let index = this.#weights.length - 1; index > 0; index -= 1) {
      above += this.#weights[index]!;
      if (above > weightAbove) return this.#edge(index);
    }
    return this.#least;
  }

  scale(factor: number): void {
    for (let index = 0; index < this.#weights.length; index += 1) this.#weights[index]! *= factor;
  }

  #edge(index: number): number {
    if (index === this.#weights.length - 1) return Number.POSITIVE_INFINITY;
    return this.#least * Math.exp(GROWTH * index);
  }
}

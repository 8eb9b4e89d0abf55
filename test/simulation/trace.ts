/** What happened, for people when an invariant fails, and as one number that tells whether two runs were the same. */
interface Happened {
  step: number;
  atMs: number;
  what: string;
  /** Attempt, session, slice or account. */
  subject: string;
  detail: string;
}

const KEPT = 20_000;

export class Trace {
  readonly counts = new Map<string, number>();
  step = 0;
  readonly #now: () => number;
  readonly #ring: Happened[] = [];
  #length = 0;
  #hash = 0x811c9dc5;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(what: string, subject: string, detail = ''): void {
    const atMs = this.#now();
    this.#ring[this.#length % KEPT] = { step: this.step, atMs, what, subject, detail };
    this.#length += 1;
    this.#mix(what);
    this.#mix(subject);
    this.#mix(detail);
    this.#hash = Math.imul(this.#hash ^ (atMs | 0), 0x01000193);
    this.count(what);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** FNV-1a over everything noted. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** The last events that name one of these, oldest first. Without names: the last of all. */
  last(count: number, names: readonly string[]): string[] {
    const found: string[] = [];
    const named = names.map((name) => new RegExp(`(?<![\\w.-])${escaped(name)}(?![\\w.-])`));
    for (let back = 1; back <= Math.min(KEPT, this.#length) && found.length < count; back += 1) {
      const { step, atMs, what, subject, detail } = this.#ring[(this.#length - back) % KEPT]!;
      const isConcerned = names.length === 0 || named.some((name) => name.test(subject) || name.test(detail));
      if (isConcerned) found.push(`${step}  +${(atMs / 1000).toFixed(3)} s  ${what}  ${subject}  ${detail}`.trimEnd());
    }
    return found.reverse();
  }

  #mix(text: string): void {
    let hash = this.#hash;
    for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    this.#hash = hash;
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** An invariant does not hold. `subjects`: the attempts, sessions, slices or accounts that it is about. */
export class Violation extends Error {
  override name = 'Violation';
  readonly subjects: readonly string[];

  constructor(message: string, subjects: readonly string[]) {
    super(message);
    this.subjects = subjects;
  }
}

/** Who waits for an answer, on whatever kind of connection. */
export interface Caller {
  /** The connection has ended. */
  readonly isGone: boolean;
  /** Calls back once if the connection ends before the answer is out. */
  onGone(callback: () => void): void;
  /** Says that the server lives (102), where the client's HTTP knows such a thing. */
  sayProcessing(): void;
}

/** The waits that a closing server has to end. */
export class Drain {
  closing = false;
  readonly #waits = new Set<Wait>();

  get waiting(): number {
    return this.#waits.size;
  }

  add(wait: Wait): void {
    this.#waits.add(wait);
    if (this.closing) wait.end();
  }

  delete(wait: Wait): void {
    this.#waits.delete(wait);
  }

  close(): void {
    this.closing = true;
    for (const wait of [...this.#waits]) wait.end();
  }
}

/**
 * One caller's patience. The signal aborts when the client goes away or the server closes; it is made when first asked
 * for, because nearly every reservation is decided without waiting.
 */
export class Wait {
  readonly #caller: Caller;
  readonly #drain: Drain;
  #controller: AbortController | undefined;
  /** The server ended this wait: the caller is told to try again elsewhere. */
  ended = false;

  constructor(caller: Caller, drain: Drain) {
    this.#caller = caller;
    this.#drain = drain;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#caller.isGone) controller.abort();
      else this.#caller.onGone(() => controller.abort());
    }
    return this.#controller.signal;
  }

  /** Tells the client that the server lives. */
  onWait(): void {
    this.#drain.add(this);
    this.#caller.sayProcessing();
  }

  /** The caller has its answer. */
  done(): void {
    this.#drain.delete(this);
  }

  end(): void {
    this.ended = true;
    void this.signal;
    this.#controller?.abort();
  }
}

import type { ServerResponse } from 'node:http';

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
  readonly #response: ServerResponse;
  readonly #drain: Drain;
  #controller: AbortController | undefined;
  /** The server ended this wait: the caller is told to try again elsewhere. */
  ended = false;

  constructor(response: ServerResponse, drain: Drain) {
    this.#response = response;
    this.#drain = drain;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#response.destroyed) controller.abort();
      this.#response.once('close', () => {
        if (!this.#response.writableFinished) controller.abort();
      });
    }
    return this.#controller.signal;
  }

  /** Tells the client that the server lives (102; HTTP/1.0 knows no such thing). */
  onWait(): void {
    this.#drain.add(this);
    const { req } = this.#response;
    if (req.httpVersionMinor > 0 && !this.#response.headersSent) this.#response.writeProcessing();
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

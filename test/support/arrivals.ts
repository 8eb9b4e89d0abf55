/** Lets an application wait until a request of its own is with the provider: a deadline would race with the machine's load. */
import type { ServerResponse } from 'node:http';

const PATH = '/arrived/';

export class Arrivals {
  readonly #arrived = new Set<string>();
  readonly #waiting = new Map<string, ServerResponse>();

  /** `id` is the request's `x-step-once`. */
  note(id: string | string[] | undefined): void {
    if (typeof id !== 'string') return;
    this.#arrived.add(id);
    this.#waiting.get(id)?.end();
  }

  /** Whether this was a question: `GET /arrived/ID` is answered when the request is there. */
  answers(url: string | undefined, response: ServerResponse): boolean {
    if (!url?.startsWith(PATH)) return false;
    const id = url.slice(PATH.length);
    if (this.#arrived.has(id)) response.end();
    else this.#waiting.set(id, response);
    return true;
  }
}

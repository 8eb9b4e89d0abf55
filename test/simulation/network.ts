/** Between clients and the server: what is sent may be lost, late, doubled and overtaken, in both directions. */
import type { World } from './world.ts';

/** `status` 0: no connection. */
export interface Reply {
  status: number;
  body?: unknown;
}

export class Network {
  /** Share of messages that are lost now. */
  lossRate = 0;
  readonly #world: World;
  readonly #cut = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Nothing gets through to or from this client. */
  cut(client: string): void {
    this.#cut.add(client);
  }

  mend(client?: string): void {
    if (client === undefined) this.#cut.clear();
    else this.#cut.delete(client);
  }

  /** Delivers it, perhaps: not at all, once or twice. */
  send(client: string, kind: 'request' | 'reply' | 'signal', deliver: () => void): void {
    const { random, time, trace } = this.#world;
    if (this.#cut.has(client) || (this.lossRate > 0 && random.chance(this.lossRate))) {
      trace.count(`lost ${kind}`);
      return;
    }
    time.after(this.#delay(), deliver);
    if (this.lossRate > 0 && kind !== 'signal' && random.chance(0.02)) {
      trace.count(`doubled ${kind}`);
      time.after(this.#delay() + random.skewed(0, 30_000), deliver);
    }
  }

  #delay(): number {
    const { random, trace } = this.#world;
    if (this.lossRate > 0 && random.chance(0.01)) {
      trace.count('late message');
      return random.whole(200, 20_000);
    }
    return random.skewed(1, 20);
  }
}

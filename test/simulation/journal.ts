import type { SettlementRequest, SettlementsReply, SliceClose } from '../../src/protocol/wire.ts';
import type { Reply } from './network.ts';

export interface JournalOptions {
  send(settlements: readonly SettlementRequest[], closes: readonly SliceClose[]): Promise<Reply | undefined>;
  after(ms: number, call: () => void): void;
  onReply(reply: SettlementsReply): void;
}

/** A client's settlements until the server has them, as `src/client/journal.ts` keeps them. */
export class Journal {
  readonly queue: SettlementRequest[] = [];
  readonly closes: SliceClose[] = [];
  readonly #options: JournalOptions;
  #isScheduled = false;
  #retryMs = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.queue.length === 0 && this.closes.length === 0;
  }

  add(settlement: SettlementRequest): void {
    this.queue.push(settlement);
    this.#schedule(100);
  }

  close(closes: readonly SliceClose[]): void {
    if (closes.length === 0) return;
    this.closes.push(...closes);
    this.#schedule(0);
  }

  #schedule(ms: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.after(Math.max(ms, this.#retryMs), () => {
      void this.#flush().then((isSent) => {
        this.#retryMs = isSent ? 0 : Math.min(this.#retryMs * 2 || 250, 15_000);
        this.#isScheduled = false;
        if (!this.isEmpty) this.#schedule(100);
      });
    });
  }

  async #flush(): Promise<boolean> {
    const batch = this.queue.slice(0, 50);
    const closes = this.closes.slice(0, 50);
    const reply = await this.#options.send(batch, closes);
    if (reply?.status !== 200) return false;
    this.queue.splice(0, batch.length);
    this.closes.splice(0, closes.length);
    this.#options.onReply(reply.body as SettlementsReply);
    return true;
  }
}

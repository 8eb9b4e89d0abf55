/**
 * Settlements on their way to the server. They are sent in batches, again and again until the server has them (an
 * attempt id is booked once, however often it comes), and what is left when the process ends goes to a file.
 */
import type { DurationMs } from '../domain/time.ts';
import type { SettlementRequest } from '../protocol/wire.ts';
import { isObject } from './rules.ts';
import type { Reply, Transport } from './transport.ts';
import { say, warnOnce } from './warn.ts';

const FLUSH_AFTER_MS: DurationMs = 100;
const SEND_TIMEOUT_MS: DurationMs = 5_000;
const FIRST_RETRY_MS: DurationMs = 250;
const LONGEST_RETRY_MS: DurationMs = 15_000;
/** `queued` are about 100 MB at the worst; past it the oldest batch is dropped and counted. */
const LIMITS = { batch: 500, queued: 100_000 };

export class Journal {
  readonly #transport: Transport;
  readonly #limits: Readonly<typeof LIMITS>;
  /** Called when the server has everything. */
  onEmpty: (() => void) | undefined;
  #queue: SettlementRequest[] = [];
  #sending: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = 0;
  #dropped = 0;

  constructor(transport: Transport, limits: Readonly<typeof LIMITS> = LIMITS) {
    this.#transport = transport;
    this.#limits = limits;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** What has not been acknowledged yet, oldest first. */
  unsent(): readonly SettlementRequest[] {
    return this.#queue;
  }

  /** How many were lost because the queue was full; 0 in any healthy process. */
  get dropped(): number {
    return this.#dropped;
  }

  add(settlement: SettlementRequest): void {
    if (this.#queue.length >= this.#limits.queued) this.#dropOldest();
    this.#queue.push(settlement);
    if (this.#queue.length === this.#limits.batch && this.#retryMs === 0) this.#schedule(0);
    else if (this.#timer === undefined && this.#sending === undefined) this.#schedule(this.#retryMs || FLUSH_AFTER_MS);
  }

  #dropOldest(): void {
    const count = this.#limits.batch;
    this.#queue.splice(0, count);
    this.#dropped += count;
    say(
      `${this.#dropped} settlements are lost: the server has been away too long and ${this.#limits.queued} are waiting. ` +
        'Their holds stay unresolved at the server; reconcile them with the provider',
    );
  }

  #schedule(delayMs: DurationMs): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send(SEND_TIMEOUT_MS);
    }, delayMs).unref();
  }

  /** Sends what is queued now; true when nothing is left, false when the server did not take all of it in time. */
  async flush({ timeoutMs }: { timeoutMs: DurationMs }): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.#queue.length > 0) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      const sent = await within(left, this.#send(Math.min(left, SEND_TIMEOUT_MS)));
      if (!sent) return false;
    }
    return true;
  }

  /** One batch at a time, so that their order stays and a slow server is not flooded. */
  #send(timeoutMs: DurationMs): Promise<boolean> {
    this.#sending ??= this.#sendBatch(timeoutMs).finally(() => {
      this.#sending = undefined;
      if (this.#queue.length > 0) this.#schedule(this.#nextMs());
    });
    return this.#sending;
  }

  #nextMs(): DurationMs {
    if (this.#retryMs > 0) return this.#retryMs * (1 + Math.random() * 0.25);
    return this.#queue.length >= this.#limits.batch ? 0 : FLUSH_AFTER_MS;
  }

  async #sendBatch(timeoutMs: DurationMs): Promise<boolean> {
    const batch = this.#queue.slice(0, this.#limits.batch);
    if (batch.length === 0) return true;
    // The process may end while a batch is under way: whoever must not miss it waits in `flush`.
    const ask = { timeoutMs, background: true };
    try {
      const reply = await this.#transport('POST', '/v1/settlements', { settlements: batch }, ask);
      if (!this.#taken(reply, batch)) return this.#later();
      this.#retryMs = 0;
      return true;
    } catch {
      return this.#later(); // The session says once that the server is away.
    }
  }

  #later(): false {
    this.#retryMs = Math.min(this.#retryMs * 2 || FIRST_RETRY_MS, LONGEST_RETRY_MS);
    return false;
  }

  /** Whether the server has read the batch: then all of it is done, what it could not book included. */
  #taken(reply: Reply, batch: readonly SettlementRequest[]): boolean {
    const results = isObject(reply.body) ? reply.body.results : undefined;
    if (reply.status === 200 && Array.isArray(results)) {
      this.#remove(batch);
      for (const result of results) if (isObject(result)) reportRefused(result.outcome, result.detail);
      return true;
    }
    if (reply.status === 400 || reply.status === 422) return this.#unreadable(reply, batch);
    if (reply.status >= 400 && reply.status < 500) {
      warnOnce(
        `settlements ${reply.status}`,
        `the server refuses settlements (${reply.status}); they are kept and sent again`,
      );
    }
    return false;
  }

  /** The batch as a whole is refused: it can only be a defect, and to send it forever would hold up the rest. */
  #unreadable(reply: Reply, batch: readonly SettlementRequest[]): true {
    this.#remove(batch);
    const detail = isObject(reply.body) ? reply.body.detail : undefined;
    reportRefused('invalid', detail ?? `status ${reply.status}`);
    return true;
  }

  #remove(batch: readonly SettlementRequest[]): void {
    // The batch was the head of the queue; it still is, unless a full queue dropped some of it meanwhile.
    const first = this.#queue[0];
    const kept = first === undefined ? -1 : batch.indexOf(first);
    if (kept >= 0) this.#queue.splice(0, batch.length - kept);
    if (this.#queue.length === 0) this.onEmpty?.();
  }
}

function reportRefused(outcome: unknown, detail: unknown): void {
  if (outcome !== 'invalid' && outcome !== 'conflict') return;
  warnOnce(
    `settlement ${outcome} ${String(detail)}`,
    `the server dropped a settlement as ${outcome}: ${String(detail)}`,
  );
}

async function within<T>(ms: DurationMs, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Settlements and closes of slices on their way to the server. They are sent in batches, again and again until the server
 * has them (an attempt id is booked once and a slice is closed once, however often they come), and what is left when the
 * process ends goes to a file.
 */
import type { DurationMs } from '../domain/time.ts';
import type { SettlementRequest, SettlementsRequest, SliceClose } from '../protocol/wire.ts';
import { status } from '../telemetry/status.ts';
import { isObject } from './rules.ts';
import type { Reply, Transport } from './transport.ts';
import { say, warnOnce } from './warn.ts';
import { within } from './within.ts';

const SEND_TIMEOUT_MS: DurationMs = 5_000;
const FIRST_RETRY_MS: DurationMs = 250;
const LONGEST_RETRY_MS: DurationMs = 15_000;
/** `queued` are about 100 MB at the worst; past it the oldest batch is dropped and counted. What comes within `flushAfterMs` goes in one batch. */
const LIMITS = { batch: 500, queued: 100_000, flushAfterMs: 100 as DurationMs };
/** That something is lost is said once, then at most this often. */
const SAY_LOST_EVERY_MS: DurationMs = 60_000;

/** What a journal holds, in memory and in a file. */
export interface Entries {
  settlements: readonly SettlementRequest[];
  closes: readonly SliceClose[];
}

export class Journal {
  readonly #transport: Transport;
  readonly #limits: Readonly<typeof LIMITS>;
  /** Called when the server has everything. */
  onEmpty: (() => void) | undefined;
  /** Called with what the server wants back. */
  onRecall: ((recall: unknown) => void) | undefined;
  /** How many go at once: fewer after a batch that was too large for the server. */
  #most: number;
  #queue: SettlementRequest[] = [];
  #closes: SliceClose[] = [];
  /** How many settlements have left the queue. */
  #gone = 0;
  /** Of each close, how many settlements came before it: they are told first, or with it. */
  #before: number[] = [];
  #sending: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = 0;
  #dropped = 0;
  #saidLostAt = Number.NEGATIVE_INFINITY;
  /** The server is older than what is called evidence, and refuses what it does not know. */
  #withoutEvidence = false;

  constructor(transport: Transport, limits: Partial<typeof LIMITS> = {}) {
    this.#transport = transport;
    this.#limits = { ...LIMITS, ...limits };
    this.#most = this.#limits.batch;
  }

  get length(): number {
    return this.#queue.length + this.#closes.length;
  }

  /** What has not been acknowledged yet, oldest first. */
  unsent(): Entries {
    return { settlements: this.#queue, closes: this.#closes };
  }

  /** How many were lost because the queue was full; 0 in any healthy process. */
  get dropped(): number {
    return this.#dropped;
  }

  add(settlement: SettlementRequest): void {
    if (this.#queue.length >= this.#limits.queued) this.#dropOldest();
    this.#queue.push(settlement);
    if (this.#queue.length === this.#limits.batch && this.#retryMs === 0) this.#schedule(0);
    else this.#sendSoon();
  }

  addClose(close: SliceClose): void {
    if (this.#closes.length >= this.#limits.queued) this.#dropOldest();
    this.#closes.push(close);
    this.#before.push(this.#gone + this.#queue.length);
    this.#sendSoon();
  }

  #sendSoon(): void {
    if (this.#timer === undefined && this.#sending === undefined)
      this.#schedule(this.#retryMs || this.#limits.flushAfterMs);
  }

  #dropOldest(): void {
    const count = this.#limits.batch;
    const isOfCloses = this.#closes.length >= this.#limits.queued;
    const { length } = (isOfCloses ? this.#closes : this.#queue).splice(0, count);
    if (isOfCloses) this.#before.splice(0, count);
    else this.#gone += length;
    this.#dropped += length;
    status.settlementsLost += length;
    const now = performance.now();
    if (now - this.#saidLostAt < SAY_LOST_EVERY_MS) return;
    this.#saidLostAt = now;
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
    while (this.length > 0) {
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
      if (this.length > 0) this.#schedule(this.#nextMs());
    });
    return this.#sending;
  }

  #nextMs(): DurationMs {
    if (this.#retryMs > 0) return this.#retryMs * (1 + Math.random() * 0.25);
    return this.length >= this.#limits.batch ? 0 : this.#limits.flushAfterMs;
  }

  async #sendBatch(timeoutMs: DurationMs): Promise<boolean> {
    const settlements = this.#queue.slice(0, this.#most);
    // What is closed is out no more, so what is under way from it has to be told of by then.
    const told = this.#gone + settlements.length;
    const closes = this.#closes.slice(0, this.#most).filter((_, index) => this.#before[index]! <= told);
    const batch: Entries = { settlements, closes };
    if (batch.settlements.length + batch.closes.length === 0) return true;
    // The process may end while a batch is under way: whoever must not miss it waits in `flush`.
    const ask = { timeoutMs, background: true };
    try {
      const body = bodyOf(this.#withoutEvidence ? { ...batch, settlements: batch.settlements.map(plain) } : batch);
      const reply = await this.#transport('POST', '/v1/settlements', body, ask);
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
  #taken(reply: Reply, batch: Entries): boolean {
    const body = isObject(reply.body) ? reply.body : {};
    const { results } = body;
    if (reply.status === 200 && Array.isArray(results)) {
      for (const [at, result] of results.entries()) if (isObject(result)) this.#heard(batch.settlements[at], result);
      this.#remove(batch);
      this.#most = Math.min(this.#most * 2, this.#limits.batch);
      if (body.recall !== undefined) this.onRecall?.(body.recall);
      return true;
    }
    const { length } = batch.settlements;
    if (reply.status === 413 && length > 1) {
      this.#most = Math.ceil(length / 2);
      return false;
    }
    if (reply.status === 400 || reply.status === 413 || reply.status === 422) return this.#unreadable(reply, batch);
    if (reply.status >= 400 && reply.status < 500) {
      warnOnce(
        `settlements ${reply.status}`,
        `the server refuses settlements (${reply.status}); they are kept and sent again`,
      );
    }
    return false;
  }

  /** What is known of an attempt besides is never the reason that its money is not booked: it comes again without. */
  #heard(settlement: SettlementRequest | undefined, { outcome, detail }: Record<string, unknown>): void {
    const isRefused = outcome === 'invalid' && typeof detail === 'string' && detail.includes('/evidence');
    if (!isRefused || settlement?.evidence === undefined) {
      reportRefused(outcome, detail);
      return;
    }
    this.#queue.push(plain(settlement));
    if (detail.includes('/evidence is not a known property')) this.#withoutEvidence = true;
  }

  /** The batch as a whole is refused: it can only be a defect, and to send it forever would hold up the rest. */
  #unreadable(reply: Reply, batch: Entries): true {
    this.#remove(batch);
    const detail = isObject(reply.body) ? reply.body.detail : undefined;
    reportRefused('invalid', detail ?? `status ${reply.status}`);
    return true;
  }

  #remove({ settlements, closes }: Entries): void {
    this.#gone += removeHead(this.#queue, settlements);
    this.#before.splice(0, removeHead(this.#closes, closes));
    if (this.length === 0) this.onEmpty?.();
  }
}

function plain(settlement: SettlementRequest): SettlementRequest {
  const { evidence: _, ...rest } = settlement;
  return rest;
}

function bodyOf({ settlements, closes }: Entries): SettlementsRequest {
  const body: SettlementsRequest = { settlements: settlements as SettlementRequest[] };
  if (closes.length > 0) body.closes = closes as SliceClose[];
  return body;
}

/** The batch was the head of the queue; it still is, unless a full queue dropped some of it meanwhile. How many went. */
function removeHead<T>(queue: T[], batch: readonly T[]): number {
  const first = queue[0];
  const kept = first === undefined ? -1 : batch.indexOf(first);
  return kept < 0 ? 0 : queue.splice(0, batch.length - kept).length;
}

function reportRefused(outcome: unknown, detail: unknown): void {
  if (outcome !== 'invalid' && outcome !== 'conflict') return;
  warnOnce(
    `settlement ${outcome} ${String(detail)}`,
    `the server dropped a settlement as ${outcome}: ${String(detail)}`,
  );
}

/** One admitted request to a provider, from its hold to its settlement. */
import type { Format, RequestFacts } from '../../instrumentations/formats/format.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Receipt } from '../domain/receipt.ts';
import { everyChunk } from '../telemetry/conventions.ts';
import type { AttemptEnd } from '../telemetry/recorder.ts';
import type { Allowed } from './admission.ts';
import { type Bag, type Bagged, NOT_IN_BAG } from './bag.ts';
import { noteCreated } from './batches.ts';
import type { Gate } from './call.ts';
import { errorTypeOf, isUnsent } from './failure.ts';
import { contextsAround, type Fallbacks, failureOf, reasonOf } from './fallback.ts';
import type { Journal } from './journal.ts';
import type { LeaseKeeper } from './lease/keeper.ts';
import { type End, type Metered, meter } from './meter.ts';
import type { Pricer } from './pricer.ts';
import { type Asked, openOf, settlementOf } from './settlement.ts';
import type { Call } from './span.ts';
import { quietly, warnOnce } from './warn.ts';

/** What an attempt needs of the process. */
export interface Books {
  journal: Journal;
  pricer: Pricer;
  keeper: LeaseKeeper;
  /** Attempts that have not ended; what is in it when the process ends is settled as far as it was seen. */
  open: Bag<Attempt>;
  fallbacks: Fallbacks;
}

/** What was admitted, and what is to be sent. */
export interface Admitted {
  format: Format;
  /** Of the request as it is sent, after a rewrite. */
  facts: RequestFacts;
  /** What to send; the caller's own object where nothing was changed. */
  body: object;
  /** Where to: the pathname of the URL, with the rewritten model where it is named there. */
  path: string;
  /** We asked for usage in the stream, so the event that carries it is not the caller's. */
  hidesExtraEvent: boolean;
  asked: Asked;
  admission: Allowed;
  /** The caller's, which tells its own aborts from timeouts. */
  signal?: AbortSignal | undefined;
  gate?: Gate | undefined;
}

/** What has been seen of an answer so far. */
export interface Seeing {
  seen(): End;
}

export class Attempt implements Bagged {
  readonly call: Call;
  inBag = NOT_IN_BAG;
  /** For when the process ends in the middle of the answer. */
  answer: Seeing | undefined;
  readonly #books: Books;
  readonly #admitted: Admitted;
  readonly #admittedMs = Date.now();
  readonly #failuresBefore: number;
  #sent = false;
  /** Of a monotonic clock, when it was sent and when the first of its stream was read; 0: not yet. */
  #sentMs = 0;
  #firstChunkMs = 0;
  #chunksMs: number[] | undefined;
  #ended = false;
  #format: Format | undefined;
  /** Why it failed, where no answer tells. */
  #failure: string | undefined;

  constructor(books: Books, call: Call, admitted: Admitted) {
    this.call = call;
    this.#books = books;
    this.#admitted = admitted;
    this.#failuresBefore = books.fallbacks.order;
    books.open.add(this);
  }

  get format(): Format {
    return this.#format ?? this.#admitted.format;
  }

  /** The answer came by a way that says more of it than the format knows. */
  readBy(format: Format): void {
    this.#format = format;
  }

  get gate(): Gate | undefined {
    return this.#admitted.gate;
  }

  get facts(): RequestFacts {
    return this.#admitted.facts;
  }

  get body(): object {
    return this.#admitted.body;
  }

  get path(): string {
    return this.#admitted.path;
  }

  get hidesExtraEvent(): boolean {
    return this.#admitted.hidesExtraEvent;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** CALL: runs what sends it. */
  send<T>(fn: () => T): T {
    this.#sent = true;
    this.#sentMs = performance.now();
    return this.call.run(fn);
  }

  /** The application has read a chunk of the stream. Nothing is told of it while it waits for the next. */
  noteChunk(): void {
    if (this.#firstChunkMs !== 0) {
      this.#chunksMs?.push(performance.now());
      return;
    }
    this.#firstChunkMs = performance.now();
    if (everyChunk() && this.call.wantsCost) this.#chunksMs = [this.#firstChunkMs];
  }

  /** Meter, price, record: once, whoever comes first. A call with no further attempt to come ends with it. */
  end(end: End): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#books.open.delete(this);
    const metered = meter(end);
    this.#settle(metered);
    this.#tellFallbacks(end);
    this.call.errorType = metered.errorType;
    const recorded = this.#record(metered);
    const isLast = end.kind === 'answered' || end.kind === 'broken';
    if (!isLast) return;
    const endedMs = Date.now();
    if (recorded) void recorded.then(() => this.call.end(metered.errorType, endedMs));
    else this.call.end();
  }

  /** The process ends now: whatever is known has to do. */
  abandon(): void {
    this.end(this.#sent ? (this.answer?.seen() ?? { kind: 'lost', errorType: 'process_exit' }) : { kind: 'unsent' });
  }

  /** The request failed without an answer. Before it was sent, nothing has happened. */
  fail(error: unknown): void {
    this.#failure = failureOf(errorTypeOf(error), this.#admitted.signal);
    this.end(this.#sent && !isUnsent(error) ? { kind: 'lost', errorType: errorTypeOf(error) } : { kind: 'unsent' });
  }

  /** Whatever was admitted without asking is recalled while it is under way. */
  reportOpen(): void {
    const { asked, admission, facts } = this.#admitted;
    if (!this.#ended && !admission.held)
      this.#books.journal.add(openOf(asked, facts.model, admission.draws, this.#admittedMs));
  }

  /** Whether another may take its place, or nobody need any more. */
  #tellFallbacks(end: End): void {
    const { fallbacks, open } = this.#books;
    const { asked, format, signal } = this.#admitted;
    const reason = this.#failure ?? reasonOf(end, signal);
    const isSuccess = end.kind === 'answered' && reason === undefined;
    if (isSuccess ? fallbacks.isQuiet : reason === undefined) return;
    const contexts = contextsAround(this.call.parentTraceId, open.size === 0);
    if (reason === undefined) {
      fallbacks.succeeded(contexts, format.operation, this.#failuresBefore);
      return;
    }
    const { attemptId, provider, model } = asked;
    const why = { attemptId, reason, origin: this.call.fallback };
    fallbacks.failed(contexts, { provider, model, operation: format.operation }, why, performance.now());
  }

  /** Of most calls there is none. */
  #evidence({ facts }: Metered): Evidence | undefined {
    const { fallback } = this.call;
    return fallback ? { ...facts?.evidence, fallback } : facts?.evidence;
  }

  #settle(metered: Metered): void {
    const { asked, admission, facts } = this.#admitted;
    const { held, draws } = admission;
    const ids = this.call.traceIds;
    const { journal } = this.#books;
    const admittedMs = this.#admittedMs;
    const { later, responseId } = metered.facts ?? {};
    if (later && responseId) {
      const isOver = metered.end === 'released';
      noteCreated(journal, responseId, { asked, model: facts.model, held, draws, admittedMs, ids, isOver });
    }
    // Nothing came of it and nobody heard of it: the slices are as they were.
    if (metered.end === 'released' && draws && this.#books.keeper.lease.putBack(draws)) return;
    const evidence = metered.end === 'settled' ? this.#evidence(metered) : undefined;
    journal.add(settlementOf({ asked, metered, model: facts.model, held, draws, admittedMs, ids, evidence }));
  }

  /** A promise while the price has to be looked up, which only the first call of a model waits for. */
  #record(metered: Metered): Promise<void> | undefined {
    const { settleAllowance } = this.#admitted.admission;
    if (metered.facts?.invalid !== undefined) warnInvalid(this.format.id, metered.facts.invalid);
    if (metered.end === 'released') settleAllowance?.(0n);
    if (metered.end !== 'settled') return undefined;
    // Nobody to tell: then the price, which is the dearest part of it, is not looked up.
    if (!settleAllowance && !this.call.wantsCost) return undefined;
    return quietly(() => this.#price(metered));
  }

  #price(metered: Metered): Promise<void> | undefined {
    const { usage, measured, facts } = metered;
    const model = facts?.model ?? this.facts.model;
    const source = measured ? 'measured' : 'estimated';
    const { provider } = this.#admitted.asked;
    const served = facts?.evidence?.servedProvider ?? provider;
    const by = (name: string) => this.#books.pricer.receipt(name, model, usage, this.#admittedMs, source);
    const first = by(served);
    const other = (receipt: Receipt | undefined) => (receipt || served === provider ? receipt : by(provider));
    const receipt = first instanceof Promise ? first.then(other) : other(first);
    if (receipt instanceof Promise) return receipt.then((late) => this.#priced(metered, late));
    this.#priced(metered, receipt);
    return undefined;
  }

  #priced(metered: Metered, receipt: Receipt | undefined): void {
    const { usage, facts } = metered;
    if (receipt) this.#admitted.admission.settleAllowance?.(receipt.costNanoUsd);
    const recorded: AttemptEnd = { usage };
    if (receipt) recorded.receipt = receipt;
    if (facts?.model !== undefined) recorded.responseModel = facts.model;
    if (facts?.responseId !== undefined) recorded.responseId = facts.responseId;
    const evidence = this.#evidence(metered);
    if (evidence) recorded.evidence = evidence;
    if (facts?.finishReasons) recorded.finishReasons = facts.finishReasons;
    if (this.#firstChunkMs !== 0) recorded.timeToFirstChunk = (this.#firstChunkMs - this.#sentMs) / 1000;
    if (this.#chunksMs) recorded.chunksMs = this.#chunksMs;
    this.call.recordAttempt(recorded);
  }
}

function warnInvalid(format: string, invalid: string): void {
  warnOnce(
    `usage ${format} ${invalid}`,
    `a ${format} answer reports usage that cannot be (${invalid}); it is settled as an estimate`,
  );
}

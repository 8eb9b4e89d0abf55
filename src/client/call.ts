/**
 * The way of one call: attribute → estimate → admit → CALL → meter → price → record. Hooks know where a call is
 * caught, formats what it says; what happens to it is here.
 *
 * A call has one or more attempts. Each attempt is admitted, sent and settled on its own; the call has the span.
 */
import { type Context, context, propagation } from '@opentelemetry/api';
import type { Format, RequestFacts } from '../../instrumentations/formats/format.ts';
import type { Attribution } from '../domain/attribution.ts';
import type { Receipt } from '../domain/receipt.ts';
import { boundToWire, usageToWire } from '../protocol/usage.ts';
import type { ReservationRequest, SettlementRequest } from '../protocol/wire.ts';
import { type AttemptEnd, CallRecorder, type CallStart } from '../telemetry/recorder.ts';
import type { Admission, Admissions } from './admission.ts';
import { type End, type Metered, meter } from './attempt.ts';
import { attributionNow, BAGGAGE_PREFIX, fingerprintOf } from './attribution.ts';
import type { Environment } from './environment.ts';
import { BudgetExceededError } from './errors.ts';
import { uuidv7 } from './ids.ts';
import type { Journal } from './journal.ts';
import type { Pricer } from './pricer.ts';
import type { Session } from './session.ts';
import { warnOnce } from './warn.ts';

/** What a call needs of the process. */
export interface Client {
  environment: Environment;
  session: Session;
  admissions: Admissions;
  journal: Journal;
  pricer: Pricer;
  /** Attempts that have not ended; what is in it when the process ends is settled as far as it was seen. */
  open: Set<Attempt>;
}

/** A request as a hook caught it. */
export interface Caught {
  format: Format;
  /** The parsed request and its size in UTF-8 bytes. */
  body: object;
  bodyBytes: number;
  path: string;
  provider: string;
  host?: string;
  port?: number;
  apiKey?: string;
  signal?: AbortSignal;
}

/** What the application asked for: one span, one id, however many attempts it takes. */
export class Call {
  readonly id: string;
  readonly #startedMs = performance.now();
  readonly #parent: Context = context.active();
  #recorder: CallRecorder | undefined;
  #start: CallStart | undefined;
  #attempts = 0;
  #ended = false;
  /** The last attempt's, for the span. */
  decision?: string;
  budget?: string;
  errorType: string | undefined;

  constructor(id = uuidv7(Date.now())) {
    this.id = id;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get traceIds(): { traceId: string; spanId: string } | undefined {
    return this.#recorder?.ids;
  }

  begin(start: CallStart): void {
    this.#attempts += 1;
    if (this.#recorder) return;
    this.#start = start;
    this.#recorder = quietly(() => new CallRecorder(start, this.#parent));
  }

  /** Runs what sends the attempt, with the call's span active and without our own baggage. */
  run<T>(fn: () => T): T {
    const inside = this.#recorder?.context ?? this.#parent;
    const clean = withoutOwnBaggage(inside);
    return clean === context.active() ? fn() : context.with(clean, fn);
  }

  get wantsCost(): boolean {
    return this.#recorder?.wanted ?? false;
  }

  recordAttempt(end: AttemptEnd): void {
    quietly(() => this.#start && this.#recorder?.attempt(end, this.#start));
  }

  /** Ends the span, once. `errorType` is the last attempt's where none is given, and the end is now. */
  end(errorType = this.errorType, endedMs?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    const sinceEndMs = endedMs === undefined ? 0 : Date.now() - endedMs;
    const durationSeconds = Math.max(0, performance.now() - this.#startedMs - sinceEndMs) / 1000;
    const { decision, budget } = this;
    quietly(() =>
      this.#recorder?.end({
        durationSeconds,
        attempts: this.#attempts,
        ...(errorType !== undefined && { errorType }),
        ...(endedMs !== undefined && { endedMs }),
        ...(decision !== undefined && { decision }),
        ...(budget !== undefined && { budget }),
      }),
    );
  }
}

/** The hold is granted or the call denied: nothing leaves the process before this has resolved. */
export async function beginAttempt(
  client: Client,
  call: Call,
  caught: Caught,
): Promise<Attempt | 'aborted' | undefined> {
  const facts = caught.format.request(caught.body, caught.bodyBytes, caught.path);
  if (!facts) return undefined;
  const attribution = attribute(client, caught);
  call.begin(describe(caught, facts, attribution));
  const request = estimate(client, call, caught, facts, attribution);
  const admission = await client.admissions.admit(request, caught.signal);
  if (admission.outcome === 'allowed') return admitted(client, call, caught, facts, request, admission);
  if (admission.maybeHeld) release(client, request);
  if (admission.outcome === 'aborted') return 'aborted';
  call.decision = admission.denial.action;
  if (admission.denial.budget !== null) call.budget = admission.denial.budget;
  call.errorType = 'budget_exceeded';
  throw new BudgetExceededError(admission.denial);
}

function attribute({ environment }: Client, { apiKey }: Caught): Attribution {
  const attribution = attributionNow(environment.attribution, environment.acceptBaggage);
  if (apiKey !== undefined) attribution.api_key = fingerprintOf(apiKey);
  return attribution;
}

function estimate(
  client: Client,
  call: Call,
  caught: Caught,
  facts: RequestFacts,
  attribution: Attribution,
): ReservationRequest {
  return {
    attempt_id: uuidv7(Date.now()),
    call_id: call.id,
    session: client.session.id,
    provider: caught.provider,
    model: facts.model,
    bound: boundToWire(facts.bound),
    attribution,
  };
}

type Allowed = Admission & { outcome: 'allowed' };

function admitted(
  client: Client,
  call: Call,
  caught: Caught,
  asked: RequestFacts,
  request: ReservationRequest,
  admission: Allowed,
): Attempt {
  call.decision = admission.decision;
  if (admission.budget !== undefined) call.budget = admission.budget;
  const { format } = caught;
  const rewritten = admission.rewrite ? format.rewrite(caught.body, admission.rewrite) : caught.body;
  const asking = format.askForUsage?.(rewritten, caught.provider);
  const body = asking ?? rewritten;
  const facts = admission.rewrite ? (format.request(body, caught.bodyBytes, caught.path) ?? asked) : asked;
  return new Attempt(client, call, caught, { request, admission, facts, body, hidesExtraEvent: asking !== undefined });
}

interface Admitted {
  request: ReservationRequest;
  admission: Allowed;
  facts: RequestFacts;
  body: object;
  hidesExtraEvent: boolean;
}

/** One admitted request to a provider, from its hold to its settlement. */
export class Attempt {
  readonly call: Call;
  readonly format: Format;
  /** Of the request as it is sent, after a rewrite. */
  readonly facts: RequestFacts;
  /** What to send; the caller's own object where nothing was changed. */
  readonly body: object;
  /** We asked for usage in the stream, so the event that carries it is not the caller's. */
  readonly hidesExtraEvent: boolean;
  /** What has been seen of the answer so far; for when the process ends in the middle of it. */
  seen: (() => End) | undefined;
  readonly #client: Client;
  readonly #request: ReservationRequest;
  readonly #admission: Allowed;
  readonly #admittedMs = Date.now();
  #sent = false;
  #ended = false;

  constructor(
    client: Client,
    call: Call,
    caught: Caught,
    { request, admission, facts, body, hidesExtraEvent }: Admitted,
  ) {
    this.call = call;
    this.format = caught.format;
    this.facts = facts;
    this.body = body;
    this.hidesExtraEvent = hidesExtraEvent;
    this.#client = client;
    this.#request = request;
    this.#admission = admission;
    client.open.add(this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** CALL: runs what sends it. */
  send<T>(fn: () => T): T {
    this.#sent = true;
    return this.call.run(fn);
  }

  /** Meter, price, record: once, whoever comes first. A call with no further attempt to come ends with it. */
  end(end: End): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#client.open.delete(this);
    const metered = meter(end);
    this.#client.journal.add(this.#settlement(metered));
    this.call.errorType = metered.errorType;
    const recorded = quietly(() => this.#record(metered));
    const isLast = end.kind === 'answered' || end.kind === 'broken';
    if (!isLast) return;
    const endedMs = Date.now();
    if (recorded) void recorded.then(() => this.call.end(metered.errorType, endedMs));
    else this.call.end();
  }

  /** The process ends now: whatever is known has to do. */
  abandon(): void {
    this.end(this.#sent ? (this.seen?.() ?? { kind: 'lost', errorType: 'process_exit' }) : { kind: 'unsent' });
  }

  /** The request failed without an answer. Before it was sent, nothing has happened. */
  fail(error: unknown): void {
    this.end(this.#sent && !isUnsent(error) ? { kind: 'lost', errorType: errorTypeOf(error) } : { kind: 'unsent' });
  }

  #settlement({ end, status, measured, usage, facts }: Metered): SettlementRequest {
    const { attempt_id, call_id, session, provider, attribution, bound } = this.#request;
    const settlement: SettlementRequest = {
      attempt_id,
      call_id,
      session,
      provider,
      model: this.facts.model,
      attribution,
      admitted_at: new Date(this.#admittedMs).toISOString(),
      end,
      status,
      measured,
      usage: usageToWire(usage),
    };
    if (!this.#admission.held) settlement.bound = bound;
    if (facts?.model !== undefined) settlement.served_model = facts.model;
    if (facts?.responseId !== undefined) settlement.response_id = facts.responseId;
    const ids = this.call.traceIds;
    if (ids) {
      settlement.trace_id = ids.traceId;
      settlement.span_id = ids.spanId;
    }
    return settlement;
  }

  /** A promise while the price has to be looked up, which only the first call of a model waits for. */
  #record(metered: Metered): Promise<void> | undefined {
    const { settleAllowance } = this.#admission;
    if (metered.facts?.invalid !== undefined) reportInvalid(this.format.id, metered.facts.invalid);
    if (metered.end === 'released') settleAllowance?.(0n);
    if (metered.end !== 'settled' || (!this.call.wantsCost && !settleAllowance)) return undefined;
    const receipt = this.#price(metered);
    if (receipt instanceof Promise) return receipt.then((late) => this.#priced(metered, late));
    this.#priced(metered, receipt);
    return undefined;
  }

  #priced({ usage, facts }: Metered, receipt: Receipt | undefined): void {
    if (receipt) this.#admission.settleAllowance?.(receipt.costNanoUsd);
    const { model, responseId, finishReasons } = facts ?? {};
    this.call.recordAttempt({
      usage,
      ...(receipt && { receipt }),
      ...(model !== undefined && { responseModel: model }),
      ...(responseId !== undefined && { responseId }),
      ...(finishReasons && { finishReasons }),
    });
  }

  #price({ usage, measured, facts }: Metered): Receipt | undefined | Promise<Receipt | undefined> {
    const model = facts?.model ?? this.facts.model;
    const source = measured ? 'measured' : 'estimated';
    return this.#client.pricer.receipt(this.#request.provider, model, usage, this.#admittedMs, source);
  }
}

/** The server may hold money for an attempt that will not be made. */
function release(client: Client, { bound: _, ...request }: ReservationRequest): void {
  client.journal.add({
    ...request,
    admitted_at: new Date().toISOString(),
    end: 'released',
    status: 'aborted',
    measured: true,
    usage: { input_tokens: 0, output_tokens: 0 },
  });
}

function describe(caught: Caught, facts: RequestFacts, attribution: Attribution): CallStart {
  const { outputTokens } = facts.bound;
  return {
    operation: caught.format.operation,
    provider: caught.provider,
    model: facts.model,
    attribution,
    ...(outputTokens !== undefined && { maxOutputTokens: outputTokens }),
    ...(caught.host !== undefined && { serverAddress: caught.host }),
    ...(caught.port !== undefined && { serverPort: caught.port }),
  };
}

/** `spendfuse.*` baggage is between services; a provider has no business with it. */
function withoutOwnBaggage(inside: Context): Context {
  const baggage = propagation.getBaggage(inside);
  const own = baggage?.getAllEntries().filter(([name]) => name.startsWith(BAGGAGE_PREFIX));
  if (!baggage || !own?.length) return inside;
  return propagation.setBaggage(inside, baggage.removeEntries(...own.map(([name]) => name)));
}

function reportInvalid(format: string, invalid: string): void {
  warnOnce(
    `usage ${format} ${invalid}`,
    `a ${format} answer reports usage that cannot be (${invalid}); it is settled as an estimate`,
  );
}

/** `error.type`: a name without content. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error';
  const code = (error.cause as { code?: unknown } | undefined)?.code ?? (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}

/** Failures that happen before any byte of the request has reached a provider. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_INVALID_URL',
]);

function isUnsent(error: unknown): boolean {
  return NEVER_CONNECTED.has(errorTypeOf(error));
}

/** A telemetry failure never breaks a call. */
function quietly<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    warnOnce('telemetry', `telemetry failed (${(error as Error).message}); calls and settlements go on`);
    return undefined;
  }
}

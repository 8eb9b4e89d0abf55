/**
 * This process at the server. A session is opened at the first call, heartbeats while it lives, opens anew when the
 * server does not know it (it was restarted), and ends with the process.
 *
 *   unopened ──▶ open ⇄ away         away: no valid answer; probes go on in the background until one comes
 *        └─────────┴──▶ refused      401, 403, 413: a wrong token or setting; asked again from time to time
 */
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import type { Attribution } from '../domain/attribution.ts';
import type { DurationMs } from '../domain/time.ts';
import type { HeartbeatRequest, SessionRequest, WireRateCard } from '../protocol/wire.ts';
import { status } from '../telemetry/status.ts';
import { uuidv7 } from './ids.ts';
import { now } from './instant.ts';
import type { LeaseKeeper } from './lease/keeper.ts';
import type { Instant, LeaseAsk } from './lease/lease.ts';
import { isObject, type Rules, readRateCards, readRules } from './rules.ts';
import type { Reply, Transport } from './transport.ts';
import { say } from './warn.ts';

const BACKGROUND_MS: DurationMs = 2_000;
const FIRST_PROBE_MS: DurationMs = 100;
/** A probe is one small request: soon found again is worth more than a few of them. */
const LONGEST_PROBE_MS: DurationMs = 1_000;
/** A server that comes and goes makes one outage, not one for each probe that gets through. */
const OUTAGE_OVER_MS: DurationMs = 10_000;
const REFUSED_RETRY_MS: DurationMs = 5_000;
/** So long the server counts on it that a session which heard that nothing acts does not ask. */
const UNASKED_MS: DurationMs = 10_000;

export const MISCONFIGURED: ReadonlySet<number> = new Set([401, 403, 413]);

export type SessionState = 'unopened' | 'open' | 'away' | 'refused';

export interface SessionOptions {
  transport: Transport;
  endpoint: string;
  attribution: Attribution;
  decisionTimeoutMs: DurationMs;
  journalLength: () => number;
  onRateCards: (cards: WireRateCard[]) => void;
  keeper: LeaseKeeper;
  /** Whether nothing is under way, so that nobody need hear of this process; asked where it `rests`. */
  isIdle: () => boolean;
  /** Falls silent whenever it is idle: a heartbeat that is under way when the process is frozen looks like an outage afterwards. */
  rests: boolean;
}

export class Session {
  id = uuidv7(Date.now());
  state: SessionState = 'unopened';
  /** The last ones known; they outlive an outage. */
  rules: Rules | undefined;
  /** Why the server refuses this client. */
  refusal = '';
  /** Counts outages: what may be spent unseen is counted for each. One is over after a time without any trouble. */
  outages = 0;
  #troubleAtMs = Number.NEGATIVE_INFINITY;
  readonly #options: SessionOptions;
  #opening: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Between heartbeats, in milliseconds; kept while it rests. */
  #heartbeatMs: DurationMs = 5_000;
  #resting = false;
  #probeMs = FIRST_PROBE_MS;
  #refusedAt = 0;
  #beating: Promise<void> | undefined;
  /** When what the server said last was asked for. */
  #heard: Instant | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Opens the session if that may help now; resolves when the state is known. Never rejects. */
  ready(): Promise<void> | undefined {
    if (this.#resting) this.#wake();
    if (this.state === 'open' || this.state === 'away') return undefined;
    if (this.state === 'refused' && Date.now() - this.#refusedAt < REFUSED_RETRY_MS) return undefined;
    return this.#open(this.#options.decisionTimeoutMs);
  }

  /** The server no longer knows this session: it gets a new one. */
  reopen(): Promise<void> {
    if (!this.#opening) this.#become('unopened');
    return this.#open(this.#options.decisionTimeoutMs);
  }

  #open(timeoutMs: DurationMs): Promise<void> {
    this.#opening ??= this.#ask(timeoutMs).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #ask(timeoutMs: DurationMs): Promise<void> {
    const asked = now();
    const request: SessionRequest = {
      session: this.id,
      attribution: this.#options.attribution,
      pid: process.pid,
      host: `${hostname()}${threadId === 0 ? '' : `/${threadId}`}`.slice(0, 256) || 'unknown',
    };
    try {
      const reply = await this.#options.transport('POST', '/v1/sessions', request, {
        timeoutMs,
        background: this.state === 'away',
      });
      this.#opened(reply, asked);
    } catch (error) {
      this.lost((error as Error).message);
    }
  }

  #opened(reply: Reply, asked: Instant): void {
    const body = isObject(reply.body) && reply.status < 300 ? reply.body : {};
    const rules = readRules(body.rules);
    if (MISCONFIGURED.has(reply.status)) this.refused(reply);
    else if (!rules) this.lost(`it answered ${reply.status}`);
    else {
      this.#take(rules);
      this.#heard = asked;
      this.#options.onRateCards(readRateCards(body.rate_cards));
      const heartbeatMs = Number(body.heartbeat_ms);
      this.#become('open');
      this.#heartbeatMs = heartbeatMs >= 100 ? heartbeatMs : 5_000;
      this.#wake();
    }
  }

  #take(rules: Rules): void {
    if (this.rules && this.rules.version !== rules.version) this.#options.keeper.rulesChanged();
    this.rules = rules;
  }

  /** Whether no budget acts, as the server said not long ago: then calls are only settled. */
  get asksNothing(): boolean {
    if (this.rules?.admission !== 'none' || !this.#heard) return false;
    const { wall, monotonicMs } = now();
    return wall - this.#heard.wall < UNASKED_MS && monotonicMs - this.#heard.monotonicMs < UNASKED_MS;
  }

  /** A budget is about to act: calls ask, whatever the rules of before say. */
  askFromNowOn(): void {
    if (this.rules) this.rules = { ...this.rules, admission: 'server' };
  }

  /**
   * A decision did not come in time. One late answer of a busy server must not refuse every other call of the process, so a
   * heartbeat, which has longer, finds out whether the server is away.
   */
  late(): void {
    this.#trouble();
    void this.beat();
  }

  #trouble(): void {
    const nowMs = performance.now();
    if (nowMs - this.#troubleAtMs > OUTAGE_OVER_MS) this.outages += 1;
    this.#troubleAtMs = nowMs;
  }

  /** No valid answer: calls are decided here until a probe gets through. Said once. */
  lost(reason: string): void {
    this.#trouble();
    if (this.state !== 'away') {
      say(`the server ${this.#options.endpoint} is unreachable (${reason}); ${this.#meanwhile()}`);
      this.#become('away');
      this.#probeMs = FIRST_PROBE_MS;
    }
    this.#probeLater();
  }

  #meanwhile(): string {
    if (!this.rules) return 'no budget is known yet, so SPENDFUSE_WHEN_UNREACHABLE decides until it is back';
    if (this.rules.whenUnreachable === 'block') return 'a budget says block, so calls are refused until it is back';
    return 'calls go on within the unreachable allowance and are settled when it is back';
  }

  /** A wrong token or setting: waiting would not help, so calls are refused. Said once per reason. */
  refused(reply: Reply): void {
    const detail = isObject(reply.body) && typeof reply.body.detail === 'string' ? reply.body.detail : '';
    const refusal = `the server ${this.#options.endpoint} refuses this client (${reply.status}${detail && `: ${detail}`})`;
    if (this.refusal !== refusal)
      say(`${refusal}; check SPENDFUSE_TOKEN and SPENDFUSE_ENDPOINT. Calls are refused until this is mended`);
    this.refusal = refusal;
    this.#refusedAt = Date.now();
    this.#become('refused');
  }

  #become(state: SessionState): void {
    if (this.state === 'away' && state === 'open') say(`the server ${this.#options.endpoint} is back`);
    if (state === 'open') this.refusal = '';
    this.state = state;
    if (state !== 'unopened') status.isServerAvailable = state === 'open';
    clearTimeout(this.#timer);
  }

  #probeLater(): void {
    clearTimeout(this.#timer);
    const jitter = 1 + Math.random() * 0.25;
    this.#timer = setTimeout(() => void this.#open(BACKGROUND_MS), this.#probeMs * jitter).unref();
    this.#probeMs = Math.min(this.#probeMs * 2, LONGEST_PROBE_MS);
  }

  /** Heartbeats, from one interval after now. */
  #wake(): void {
    this.#resting = false;
    if (this.state !== 'open') return;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => {
      if (!this.#options.rests || !this.rest()) void this.beat();
    }, this.#heartbeatMs).unref();
  }

  /**
   * Falls silent until the next call, if nothing is under way: the process may be frozen. After half a minute the server takes it
   * for ended, with nothing to lose, and the next call opens it anew.
   */
  rest(): boolean {
    if (this.state !== 'open' || !this.#options.isIdle()) return false;
    this.#resting = true;
    clearTimeout(this.#timer);
    return true;
  }

  /** A heartbeat now, or the one under way; nothing while the session is not open. Never rejects. */
  beat(): Promise<void> {
    if (this.state !== 'open') return Promise.resolve();
    this.#beating ??= this.#heartbeat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  /** Resolves when no heartbeat is under way. */
  async quiet(): Promise<void> {
    await this.#beating;
  }

  async #heartbeat(): Promise<void> {
    const { keeper, transport, journalLength } = this.#options;
    const asked = now();
    const ask = keeper.ask();
    const body: HeartbeatRequest = { journal_length: journalLength(), ...keeper.toWire(ask) };
    if (this.rules) body.rules_version = this.rules.version;
    const { id } = this;
    try {
      const timing = { timeoutMs: BACKGROUND_MS, background: true };
      const reply = await transport('POST', `/v1/sessions/${id}/heartbeat`, body, timing);
      if (id !== this.id) return; // It ended meanwhile, and its slices with it.
      if (reply.status < 300 && isObject(reply.body)) return this.#hear(ask, reply.body, asked);
      keeper.unanswered(ask);
      await this.#unheard(reply);
    } catch (error) {
      keeper.unanswered(ask);
      if (this.state === 'open') this.lost((error as Error).message);
    }
  }

  /** Slices first: the recall that comes with them may be about them. */
  #hear(ask: LeaseAsk, body: Record<string, unknown>, asked: Instant): void {
    this.#heard = asked;
    const rules = readRules(body.rules);
    this.#options.keeper.answered(ask, body);
    if (rules) this.#take(rules);
    if (body.rate_cards !== undefined) this.#options.onRateCards(readRateCards(body.rate_cards));
  }

  async #unheard(reply: Reply): Promise<void> {
    if (this.state !== 'open') return;
    if (reply.status === 404) await this.reopen();
    else if (MISCONFIGURED.has(reply.status)) this.refused(reply);
    // 409: a later heartbeat was read before this one.
    else if (reply.status !== 409) this.lost(`it answered ${reply.status}`);
  }

  /** Ends the session at the server, if one is open; a later call opens it anew. */
  async end(timeoutMs: DurationMs): Promise<void> {
    clearTimeout(this.#timer);
    if (this.state !== 'open') return;
    this.#become('unopened');
    const ended = this.id;
    this.id = uuidv7(Date.now());
    await this.#options.transport('DELETE', `/v1/sessions/${ended}`, undefined, { timeoutMs }).catch(() => undefined);
  }
}

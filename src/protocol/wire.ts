/**
 * What goes over HTTP between a client and the server: snake_case, money as decimal strings of nano-USD, instants as
 * ISO 8601 strings. Types only, shared by both sides; the server validates, the client checks what it acts on.
 */
import type { Attribution } from '../domain/attribution.ts';
import type { CostClass } from '../domain/budget.ts';

export interface WireUsage {
  input_tokens: number;
  cached_read_tokens?: number;
  cache_write_5m_tokens?: number;
  cache_write_1h_tokens?: number;
  output_tokens: number;
  reasoning_tokens?: number;
  input_audio_tokens?: number;
  cached_audio_tokens?: number;
  output_audio_tokens?: number;
  input_image_tokens?: number;
  output_image_tokens?: number;
  web_searches?: number;
  input_characters?: number;
  input_audio_seconds?: number;
  output_images?: number;
  batch?: boolean;
  service_tier?: string;
  inference_geo?: string;
}

export interface WireBound {
  input_tokens: number;
  output_tokens?: number;
  /** Needed where it is not 1: `output_tokens` is over all of them, and the `max_output_tokens` of a rewrite is for each. */
  choices?: number;
  web_searches?: number;
  input_characters?: number;
  input_audio_seconds?: number;
  output_images?: number;
  batch?: boolean;
  service_tier?: string;
  inference_geo?: string;
  cache_write_1h?: boolean;
  /** `false`: no audio can be in it. */
  audio?: boolean;
  unseen_input?: true;
  /** A tokenizer counted the input, or nothing tighter is to be had. Absent: it is bounded by its bytes. */
  counted?: true;
  /** Told to `tighten`, the client comes again with a counted input; so this denial is not the last word. */
  countable?: true;
}

/** What a session needs to know of the server's config. `version` changes when any of it does. */
export interface WireRules {
  version: string;
  /** `none`: no budget acts, so attempts need no reservation and are only settled. */
  admission: 'server' | 'none';
  when_unreachable: 'allow' | 'block';
  /** What a session may spend per outage when `allow`; decimal string of nano-USD. */
  unreachable_allowance: string;
  max_wait_ms: number;
}

export interface WireRateCard {
  provider: string;
  model: string;
  catalogue: string;
  /** As `pricing` serialises a rate card: price key → nano-USD per million, base and tiers. */
  card: unknown;
}

export interface SessionRequest {
  session: string;
  attribution: Attribution;
  pid?: number;
  host?: string;
  version?: string;
}
export interface SessionReply {
  session: string;
  heartbeat_ms: number;
  server_time: string;
  rules: WireRules;
  rate_cards: WireRateCard[];
}
export interface HeartbeatRequest {
  rules_version?: string;
  /** Settlements waiting in the client's journal: shown to operators. */
  journal_length?: number;
  /** Ascending in a session; required with `wants`. One that is not above the last is refused (409): it came late. */
  seq?: number;
  wants?: SliceWant[];
}
export interface HeartbeatReply {
  server_time: string;
  rules?: WireRules;
  rate_cards?: WireRateCard[];
  /** Of `wants`, those granted. The others: not now. */
  slices?: WireSlice[];
  recall?: Recall;
}

/** A slice that a session would like to have. The session names it, so that a lost reply leaves nothing nameless behind. */
export interface SliceWant {
  slice: string;
  /** As a route named it. */
  slot: string;
  amount: string;
  /** The dearest attempt of late: less would be of no use. */
  at_least: string;
}
export interface WireSlice {
  slice: string;
  amount: string;
  /** From when it was asked for. */
  valid_ms: number;
}
/** What the session has to do about its lease, with any answer it gets. */
export interface Recall {
  /** Close every slice of these now: others wait. */
  close?: string[];
  /** Forget every route over these: they are unknown, or their answer has changed. */
  forget?: string[];
  /** Close everything, forget every route, report attempts in flight with `end: 'open'`: the config changes. */
  all?: true;
}

/** How attempts of the same attribution, provider and model may be admitted without asking. */
export interface WireRoute {
  /** Stopping instances that match. None: no budget can stop these attempts, so they need no slice. */
  slots: WireSlot[];
  decision: 'allow' | 'warn';
  budget?: string;
  /** After this one such attempt asks the server again; the others go on for as long again at the most. */
  valid_ms: number;
  /** By which worst cases are reckoned; the same card as the server's. */
  card: WireRateCard;
}
export interface WireSlot {
  slot: string;
  /** Cost-line classes that count. Absent: all. */
  classes?: CostClass[];
  /** Budget with `holds: expected`: what is held of the worst case, in millionths, rounded up. Absent: all of it. */
  held_ppm?: number;
  /** With `held_ppm`: never less is held than this, or than the worst case where that is less. */
  held_at_least?: string;
}
export interface WireDraw {
  slice: string;
  amount: string;
}

export interface ReservationRequest {
  attempt_id: string;
  call_id: string;
  session: string;
  provider: string;
  model: string;
  bound: WireBound;
  attribution: Attribution;
  /** Asks for a route along with the grant. */
  route?: true;
}
/** 201. A rewrite asks the client to send that instead; the hold is for the rewritten attempt. */
export interface ReservationReply {
  hold: string;
  decision: 'allow' | 'warn' | 'downgrade';
  amount: string;
  expires_at: string;
  rewrite?: { model?: string; max_output_tokens?: number };
  /** With `warn` and `downgrade`: the budget that says so. */
  budget?: string;
  /** Where it was asked for and attempts like this one need not ask. */
  route?: WireRoute;
  /** Headroom is short: a tighter bound (counted tokens instead of bytes) is worth its time from now on. */
  tighten?: true;
}

/** application/problem+json (RFC 9457). `type` ends in `problems/<kind>`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code?: string;
}
/** 402, or 429 with Retry-After for waits. */
export interface BudgetProblem extends Problem {
  code: 'exhausted' | 'contended' | 'unmatched';
  budget: string | null;
  instance_key?: string;
  action: 'block' | 'pause' | 'downgrade';
  state?: 'ok' | 'soft' | 'hard';
  limit?: string;
  spent?: string;
  /** Seconds. */
  retry_after: number | null;
  alert_id: string | null;
  /** A bound with counted tokens instead of bytes may fit: worth coming again. */
  tighten?: true;
}

export interface WireFallback {
  by: 'application' | 'gateway';
  /** What was tried first. */
  provider?: string;
  model?: string;
  attempt_id?: string;
  /** Why it was left: an HTTP status, an error's type, the code of a denial, `timeout`. */
  reason?: string;
}
/** What is known of an attempt beside its usage. A server that does not know it yet is told without. */
export interface WireEvidence {
  gateway?: string;
  /** In the gateway's own words. */
  gateway_route?: string;
  /** Answered from the gateway's cache: nothing is billed. */
  gateway_cached?: true;
  served_provider?: string;
  /** What the gateway says that it costs, beside our price. */
  reported_cost?: string;
  fallback?: WireFallback;
}
export interface SettlementBody {
  usage: WireUsage;
  measured: boolean;
  status: 'ok' | 'error' | 'aborted' | 'rejected';
  /** Model really served, where the answer says so. */
  served_model?: string;
  response_id?: string;
  trace_id?: string;
  span_id?: string;
  evidence?: WireEvidence;
}
/** One of a batch. Self-contained: it can be booked even if the server never saw the reservation. */
export interface SettlementRequest extends SettlementBody {
  attempt_id: string;
  call_id: string;
  session: string;
  provider: string;
  model: string;
  attribution: Attribution;
  /** The client's own clock; used only when there is no hold. */
  admitted_at: string;
  /** Worst case of an attempt that was sent without a reservation; with `lost` it is what becomes unresolved. */
  bound?: WireBound;
  /** It was admitted from slices: what it drew from each. Said again with every later word on this attempt. */
  draws?: WireDraw[];
  /**
   * `released`: the attempt never left the process or was never billed; `lost`: sent and never answered; `open`: it is still
   * under way, and its draws become a hold of its own.
   */
  end: 'settled' | 'released' | 'lost' | 'open';
}
/** Nothing more is drawn from this slice; `drawn` is the sum of all that ever was. */
export interface SliceClose {
  session: string;
  slice: string;
  drawn: string;
}
export interface SettlementsRequest {
  settlements: SettlementRequest[];
  closes?: SliceClose[];
}
export interface SettlementResult {
  attempt_id: string;
  outcome: 'settled' | 'duplicate' | 'released' | 'lost' | 'open' | 'conflict' | 'invalid';
  cost?: string;
  detail?: string;
}
export interface SettlementsReply {
  /** One for each settlement, in order. Closes are done with the batch. */
  results: SettlementResult[];
  recall?: Recall;
}

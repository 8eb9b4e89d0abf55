/**
 * One attempt on its way to a hold. Where only live holds are in the way it waits its turn; where the money is gone it is
 * denied.
 */
import { hash } from 'node:crypto';
import type { Attribution } from '../domain/attribution.ts';
import type { EpochMs } from '../domain/time.ts';
import type { UsageBound } from '../domain/usage.ts';
import type { AccountDemand, Balance, HoldRecord, ReserveOutcome, ReserveRequest } from '../ledger/ledger.ts';
import type { ReservationReply, ReservationRequest } from '../protocol/wire.ts';
import { callAfter } from './clock.ts';
import { denialOf } from './denial.ts';
import type { Decided, Patience, Principal, Refusal } from './enforcer.ts';
import { waitInLine } from './in-line.ts';
import { type Plan, planAttempt } from './plan.ts';
import type { Policy } from './policy.ts';
import { refuse, unknownSession } from './refusal.ts';
import { assertReady, type Room, tellAll } from './room.ts';

export class Attempt {
  plan: Plan;
  #policy: Policy;
  readonly #room: Room;
  readonly #request: ReservationRequest;
  readonly #checked: { attribution: Attribution; bound: UsageBound };
  readonly #principal: Principal;
  readonly #digest: string;
  /** What stood in the way the last time, in the plan of that time: a try that is still under way may have another. */
  #obstacle: { demand: AccountDemand; balance: Balance; plan: Plan } | undefined;

  /** `checked`: what the server makes of the request. */
  constructor(
    room: Room,
    request: ReservationRequest,
    checked: { attribution: Attribution; bound: UsageBound },
    principal: Principal,
  ) {
    this.#room = room;
    this.#request = request;
    this.#checked = checked;
    this.#principal = principal;
    this.#digest = digestOf(request);
    this.#policy = room.policy;
    this.plan = this.#planNow();
  }

  async admit(patience: Patience): Promise<Decided | Refusal> {
    const { waiting, gate, asking } = this.#room;
    const { attempt_id } = this.#request;
    asking.enter(attempt_id);
    try {
      const isBehind = waiting.isAhead(this.#instances()) && !(await this.#isKnown());
      const decided = isBehind ? undefined : await gate.pass(() => this.#try());
      const told = decided ?? (await this.#wait(patience));
      if ('granted' in told) asking.told(attempt_id);
      return told;
    } finally {
      asking.leave(attempt_id);
    }
  }

  /** Who has a hold already, and asks again because the reply was lost, need not stand in line for it. */
  async #isKnown(): Promise<boolean> {
    const [hold] = await this.#room.ledger.holds([this.#request.attempt_id]);
    return hold !== undefined;
  }

  #planNow(): Plan {
    const { provider, model } = this.#request;
    const asked = { ...this.#checked, provider, model };
    return planAttempt(this.#room.policy, this.#room.standing, asked, this.#room.clock.now());
  }

  /** A window of the plan has ended since: its hold would be in another window than its admission, and so its cost in both. */
  #isOverdue(now: EpochMs): boolean {
    return this.plan.demands.some(({ window }) => now >= window.end);
  }

  #replan(): void {
    this.#policy = this.#room.policy;
    this.plan = this.#planNow();
  }

  #instances(): string[] {
    return this.plan.demands.map(({ instance }) => instance);
  }

  /** Undefined when only live holds are in the way. */
  async #try(): Promise<Decided | Refusal | undefined> {
    const { shares, ledger, clock, policy, sessions } = this.#room;
    // It may have ended while this attempt waited: its holds are given up, and a new one would have no owner.
    if (!sessions.live(this.#request.session)) return unknownSession(this.#request.session);
    const now = clock.now();
    if (policy !== this.#policy || this.#isOverdue(now)) this.#replan();
    const tooMuch = shares.isExceeded(this.#principal.token, this.plan.demands, (account) => this.#spent(account, now));
    if (tooMuch) {
      this.#obstacle = this.#seen(tooMuch, now);
      return undefined;
    }
    const [outcome] = await ledger.reserveMany([this.#reservation(now)], now);
    if (outcome?.outcome === 'contended') this.#obstacle = { ...outcome, plan: this.plan };
    return !outcome || outcome.outcome === 'contended' ? undefined : this.#conclude(outcome, now);
  }

  async #conclude(
    outcome: Exclude<ReserveOutcome, { outcome: 'contended' }>,
    now: EpochMs,
  ): Promise<Decided | Refusal> {
    if (outcome.outcome === 'granted') return this.#granted(outcome.hold, outcome.replayed);
    const { attempt_id } = this.#request;
    if (outcome.outcome === 'exhausted') {
      const { denial, event } = denialOf(outcome, this.plan, this.#room.standing, attempt_id, now);
      await tellAll(this.#room, event ? [event] : []);
      return { denied: denial };
    }
    const isSame = outcome.hold.digest === this.#digest;
    const why = isSame ? `has ended (${outcome.hold.state.state})` : 'was used for another request';
    return refuse(409, 'attempt-conflict', `attempt "${attempt_id}" ${why}; use a new attempt_id`);
  }

  #granted(hold: HoldRecord, replayed: boolean): Decided {
    this.#room.cards.use(hold.provider, hold.model, this.plan.card);
    this.#room.shares.take(hold, this.#principal.token);
    const expiresAt = hold.state.state === 'held' ? hold.state.expiresAt : hold.admittedAt;
    const granted: ReservationReply = {
      hold: hold.attemptId,
      decision: 'allow',
      amount: hold.amountNanoUsd.toString(),
      expires_at: new Date(expiresAt).toISOString(),
      ...(hold.reply === undefined ? {} : (JSON.parse(hold.reply) as Partial<ReservationReply>)),
    };
    return { granted, replayed };
  }

  #wait(patience: Patience): Promise<Decided | Refusal> {
    const { waiting, policy, asking, clocks } = this.#room;
    const { attempt_id } = this.#request;
    // Behind others, it was not tried yet: what it demands first stands for what is in its way.
    this.#obstacle ??= this.#seen(this.plan.demands[0]!, this.#room.clock.now());
    if (waiting.isFull) return Promise.resolve({ denied: this.#contended() });
    return waitInLine(waiting, patience, {
      instances: () => this.#instances(),
      asks: () => asking.enter(attempt_id),
      left: () => asking.leave(attempt_id),
      tryAgain: () => this.#tryAgain(),
      tooLate: () => ({ denied: this.#contended() }),
      afterMaxWait: (giveUp) => callAfter(clocks, policy.config.maxWaitMs, giveUp),
      giveBack: () => this.#giveBack(),
    });
  }

  async #tryAgain(): Promise<Decided | Refusal | undefined> {
    assertReady(this.#room);
    this.#replan();
    return this.#room.gate.pass(() => this.#try());
  }

  /** A hold that cannot be released now is given up with its session, or after `max_call_duration`. */
  async #giveBack(): Promise<void> {
    this.#room.shares.give(this.#request.attempt_id);
    await this.#room.ledger.releaseMany([this.#request.attempt_id], this.#room.clock.now()).catch(() => {});
  }

  #contended() {
    const { plan, demand, balance } = this.#obstacle!;
    const { clock, standing } = this.#room;
    const refused = { outcome: 'contended', demand, balance } as const;
    return denialOf(refused, plan, standing, this.#request.attempt_id, clock.now()).denial;
  }

  #spent(account: string, now: EpochMs): bigint {
    const instance = this.plan.instances.find((each) => each.account === account);
    return instance ? this.#room.standing.spent(instance, now) : 0n;
  }

  #seen(demand: AccountDemand, now: EpochMs) {
    const balance = { spentNanoUsd: this.#spent(demand.instance, now), heldNanoUsd: 0n, unresolvedNanoUsd: 0n };
    return { demand, balance, plan: this.plan };
  }

  #reservation(now: EpochMs): ReserveRequest {
    const { attempt_id, call_id, session, provider } = this.#request;
    const { model, attribution, amountNanoUsd, demands } = this.plan;
    return {
      attemptId: attempt_id,
      callId: call_id,
      session,
      digest: this.#digest,
      provider,
      model,
      attribution,
      amountNanoUsd,
      demands,
      expiresAt: now + this.#room.policy.config.maxCallDurationMs,
      // A plain grant needs no words.
      ...(this.plan.decision !== 'allow' && { reply: JSON.stringify(replyOf(this.plan)) }),
    };
  }
}

/** What the hold alone does not tell, kept with it for replays. */
function replyOf({ decision, by, rewrite }: Plan): Partial<ReservationReply> {
  return {
    decision,
    ...(by && { budget: by.budget.name }),
    ...(rewrite && {
      rewrite: {
        ...(rewrite.model !== undefined && { model: rewrite.model }),
        ...(rewrite.maxOutputTokens !== undefined && { max_output_tokens: rewrite.maxOutputTokens }),
      },
    }),
  };
}

/** Everything that makes one request another. */
function digestOf({ call_id, session, provider, model, bound, attribution }: ReservationRequest): string {
  const asked = JSON.stringify([call_id, session, provider, model, bound, attribution]);
  return hash('sha256', asked, 'base64url').slice(0, 22);
}

/**
 * One attempt on its way to a hold. Where only live holds are in the way it waits its turn; where the money is gone it is
 * denied.
 */
import { hash } from 'node:crypto';
import type { Attribution } from '../domain/attribution.ts';
import type { Denial } from '../domain/decision.ts';
import type { EpochMs } from '../domain/time.ts';
import type { UsageBound } from '../domain/usage.ts';
import type { AccountDemand, Balance, ReserveOutcome, ReserveRequest } from '../ledger/ledger.ts';
import type { ReservationReply, ReservationRequest } from '../protocol/wire.ts';
import { isWorthTaking, roomOf, shortened } from './clamp.ts';
import { callAfter } from './clock.ts';
import { denialOf } from './denial.ts';
import type { Decided, Patience, Principal, Refusal } from './enforcer.ts';
import { waitInLine } from './in-line.ts';
import { type Plan, planAttempt } from './plan.ts';
import type { Policy } from './policy.ts';
import { refuse, unknownSession } from './refusal.ts';
import { assertReady, type Room, tellAll } from './room.ts';
import { routeOf } from './routes.ts';
import { isCountable, isTight, mayFitCounted } from './tighten.ts';
import type { Line } from './waiting.ts';

export class Attempt {
  plan: Plan;
  #policy: Policy;
  readonly #room: Room;
  readonly #request: ReservationRequest;
  readonly #checked: { attribution: Attribution; bound: UsageBound };
  readonly #principal: Principal;
  readonly #digest: string;
  /** What stood in the way the last time, in the plan of that time: a try that is still under way may have another. */
  #obstacle: { demand: AccountDemand; balance: Balance; plan: Plan; isShare?: true } | undefined;

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
      const isBehind = waiting.size > 0 && waiting.isAhead(this.#lines()) && !(await this.#isKnown());
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
    const { policy, standing, clock, learned } = this.#room;
    return planAttempt(policy, standing, asked, clock.now(), learned);
  }

  /** A window of the plan has ended since: its hold would be in another window than its admission, and so its cost in both. */
  #isOverdue(now: EpochMs): boolean {
    return this.plan.demands.some(({ window }) => now >= window.end);
  }

  #replan(): void {
    this.#policy = this.#room.policy;
    this.plan = this.#planNow();
  }

  /** Stuck on the share of its token, it lets others pass; who comes may have to wait behind such a one of its own. */
  #lines(): Line[] {
    const { token } = this.#principal;
    const isAside = this.#obstacle === undefined ? this.#isLimited() : this.#obstacle.isShare;
    const aside = token && isAside ? { aside: token.name } : {};
    return this.plan.demands.map(({ instance, capNanoUsd }) => ({ account: instance, capNanoUsd, ...aside }));
  }

  #isLimited(): boolean {
    return this.#principal.token?.maxShareBasisPoints !== undefined;
  }

  /** Undefined when only live holds are in the way. `isLast`: waiting longer is no choice. */
  async #try(isLast = false): Promise<Decided | Refusal | undefined> {
    const { shares, clock, policy, sessions } = this.#room;
    // It may have ended while this attempt waited: its holds are given up, and a new one would have no owner.
    if (!sessions.live(this.#request.session)) return unknownSession(this.#request.session);
    const now = clock.now();
    if (policy !== this.#policy || this.#isOverdue(now)) this.#replan();
    const tooMuch = shares.isExceeded(this.#principal.token, this.plan.demands, (account) => this.#spent(account, now));
    if (tooMuch) {
      this.#obstacle = { ...this.#seen(tooMuch, now), isShare: true };
      return undefined;
    }
    return await this.#reserve(now, isLast);
  }

  /** As it is, or shortened to what there is room for; each step is the ledger's own decision over all demands. */
  async #reserve(now: EpochMs, isLast: boolean): Promise<Decided | Refusal | undefined> {
    let plan = this.plan;
    // Each account may be in the way once, and again where others were faster.
    for (let tries = plan.demands.length + 2; ; tries -= 1) {
      const [outcome] = await this.#room.ledger.reserveMany([this.#reservation(plan, now)], now);
      if (!outcome) return undefined;
      if (outcome.outcome === 'granted') return this.#granted(outcome, plan);
      if (outcome.outcome === 'conflict') return this.#conflict(outcome);
      const room = roomOf(outcome.demand, outcome.balance);
      const mayShorten = tries > 0 && (isLast || outcome.outcome === 'exhausted' || plan !== this.plan);
      const shorter = mayShorten ? shortened(plan, outcome.demand, room.now) : undefined;
      // Once what is held has ended.
      const later = outcome.outcome === 'contended' ? plan : shortened(plan, outcome.demand, room.atBest);
      if (shorter && (isLast || isWorthTaking(shorter, later))) {
        plan = shorter;
        continue;
      }
      if (outcome.outcome === 'exhausted' && !later) return { denied: await this.#exhausted(outcome, plan, now) };
      this.#obstacle = { demand: outcome.demand, balance: outcome.balance, plan };
      return undefined;
    }
  }

  #conflict({ hold }: Extract<ReserveOutcome, { outcome: 'conflict' }>): Refusal {
    const { attempt_id } = this.#request;
    const isSame = hold.digest === this.#digest;
    const why = isSame ? `has ended (${hold.state.state})` : 'was used for another request';
    return refuse(409, 'attempt-conflict', `attempt "${attempt_id}" ${why}; use a new attempt_id`);
  }

  async #exhausted(
    outcome: Extract<ReserveOutcome, { outcome: 'exhausted' }>,
    plan: Plan,
    now: EpochMs,
  ): Promise<Denial> {
    const { attempt_id, bound } = this.#request;
    const { denial, event } = denialOf(outcome, plan, this.#room.standing, attempt_id, now);
    const mayFit = mayFitCounted(plan, bound, outcome.demand, roomOf(outcome.demand, outcome.balance).atBest);
    // It comes again with a counted input: only what is said to that is worth telling an owner.
    await tellAll(this.#room, event && !(mayFit && bound.countable) ? [event] : []);
    return mayFit ? { ...denial, tighten: true } : denial;
  }

  #granted({ hold, replayed }: Extract<ReserveOutcome, { outcome: 'granted' }>, plan: Plan): Decided {
    this.plan = plan;
    if (!replayed) this.#room.asking.granted(hold.attemptId);
    this.#room.cards.use(hold.provider, hold.model, this.plan.card);
    this.#room.shares.take(hold, this.#principal.token);
    const expiresAt = hold.state.state === 'held' ? hold.state.expiresAt : hold.admittedAt;
    const granted: ReservationReply = {
      hold: hold.attemptId,
      decision: 'allow',
      amount: hold.amountNanoUsd.toString(),
      expires_at: new Date(expiresAt).toISOString(),
    };
    if (hold.reply !== undefined) Object.assign(granted, JSON.parse(hold.reply));
    // The plan may be older than the grant, and the route is about the attempts that come after it.
    const route = this.#request.route && routeOf(this.#room, this.#request.session, this.#planNow());
    const now = this.#room.clock.now();
    if (route) granted.route = route;
    if (isTight(plan, this.#request.bound, (account) => this.#spent(account, now))) granted.tighten = true;
    return { granted, replayed };
  }

  #wait(patience: Patience): Promise<Decided | Refusal> {
    const { waiting, policy, asking, clocks } = this.#room;
    const { attempt_id } = this.#request;
    // Behind others, it was not tried yet: what it demands first stands for what is in its way.
    this.#obstacle ??= {
      ...this.#seen(this.plan.demands[0]!, this.#room.clock.now()),
      ...(this.#isLimited() && { isShare: true }),
    };
    if (waiting.isFull) return Promise.resolve({ denied: this.#contended() });
    return waitInLine(waiting, patience, {
      lines: () => this.#lines(),
      asks: () => asking.enter(attempt_id),
      left: () => asking.leave(attempt_id),
      tryAgain: () => this.#tryAgain(false),
      lastTry: () => this.#lastTry(),
      tooLate: () => ({ denied: this.#contended() }),
      afterMaxWait: (giveUp) => callAfter(clocks, policy.config.maxWaitMs, giveUp),
      giveBack: () => this.#giveBack(),
    });
  }

  async #tryAgain(isLast: boolean): Promise<Decided | Refusal | undefined> {
    assertReady(this.#room);
    this.#replan();
    return this.#room.gate.pass(() => this.#try(isLast));
  }

  /** What waiting has not made room for, a shorter output may still have. */
  async #lastTry(): Promise<Decided | Refusal | undefined> {
    const mayShorten = this.plan.instances.some(({ clampOutputTokens }) => clampOutputTokens !== undefined);
    return mayShorten ? this.#tryAgain(true) : undefined;
  }

  /** A hold that cannot be released now is given up with its session, or after `max_call_duration`. */
  async #giveBack(): Promise<void> {
    this.#room.shares.give(this.#request.attempt_id);
    await this.#room.ledger.releaseMany([this.#request.attempt_id], this.#room.clock.now()).catch(() => {});
  }

  #contended(): Denial {
    const { plan, demand, balance } = this.#obstacle!;
    const { clock, standing } = this.#room;
    const { attempt_id, bound } = this.#request;
    const refused = { outcome: 'contended', demand, balance } as const;
    const { denial } = denialOf(refused, plan, standing, attempt_id, clock.now());
    // Whoever asks for less waits less.
    return isCountable(plan, bound) ? { ...denial, tighten: true } : denial;
  }

  #spent(account: string, now: EpochMs): bigint {
    const instance = this.plan.instances.find((each) => each.account === account);
    return instance ? this.#room.standing.spent(instance, now) : 0n;
  }

  #seen(demand: AccountDemand, now: EpochMs) {
    const balance = { spentNanoUsd: this.#spent(demand.instance, now), heldNanoUsd: 0n, unresolvedNanoUsd: 0n };
    return { demand, balance, plan: this.plan };
  }

  #reservation(plan: Plan, now: EpochMs): ReserveRequest {
    const { attempt_id, call_id, session, provider } = this.#request;
    const { model, attribution, amountNanoUsd, demands } = plan;
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
      ...(plan.decision !== 'allow' && { reply: JSON.stringify(replyOf(plan)) }),
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

/**
 * A service's process with the client in it, as the server and the provider see it: it asks for each attempt or draws it
 * from its slices, sends it, and tells what became of it. It keeps the rules of `src/client` without its timers and sockets.
 */
import { Allowance } from '../../src/client/allowance.ts';
import { Lease } from '../../src/client/lease/lease.ts';
import type { Attribution } from '../../src/domain/attribution.ts';
import type { Draw } from '../../src/domain/lease.ts';
import type { ReservationReply, ReservationRequest, SettlementRequest } from '../../src/protocol/wire.ts';
import { type Bill, boundOf, type TrueAttempt } from './attempt.ts';
import { BACKGROUND_MS, Connection, DECISION_MS } from './connection.ts';
import { Journal } from './journal.ts';
import { attemptedOf, Leasing } from './leasing.ts';
import { CUSTOMERS, TEAMS, type Who } from './plan.ts';
import type { Answer } from './provider.ts';
import type { Random } from './random.ts';
import type { Ask } from './server.ts';
import type { World } from './world.ts';

const NOTHING: Bill = { inputTokens: 0, outputTokens: 0 };

export interface ClientTraits {
  /** What it has to tell is on a disk before it is sent. */
  hasFile: boolean;
  /** It settles each attempt by a request of its own, as a caller in another language would. */
  isDirect: boolean;
  /** Calls at once. */
  concurrency: number;
  gapMs: number;
}

interface Underway {
  request: ReservationRequest;
  attempt: TrueAttempt;
  held: boolean;
  isSent: boolean;
}

interface Allowed {
  held: boolean;
  /** It was admitted here, from slices. */
  draws?: readonly Draw[];
  /** The server may hold money under this id all the same. */
  maybeHeld?: boolean;
  model: string;
  maxOutput?: number;
  settleAllowance?: (actual: bigint) => void;
}
type Admission = Allowed | { denied: true; maybeHeld: boolean };

export class ClientProcess extends Connection {
  readonly journal: Journal;
  readonly traits: ClientTraits;
  readonly leasing: Leasing;
  /** Attempts that have not ended. */
  readonly open = new Map<string, Underway>();
  /** For whom most of its attempts are: services have few callers, and only those that come again need a lease. */
  readonly #usual: Who;
  readonly #allowance = new Allowance();
  #isStopping = false;
  #count = 0;

  constructor(world: World, name: string, wallAtStart: number, traits: ClientTraits) {
    super(world, name, wallAtStart);
    this.traits = traits;
    this.#usual = whoever(world.random);
    this.journal = new Journal({
      send: (settlements, closes) =>
        this.ask({ kind: 'settlements', body: { settlements: [...settlements], closes: [...closes] } }, 5_000),
      after: (ms, call) => void this.after(ms, call),
      onReply: ({ results, recall }) => {
        this.leasing.obey(recall);
        for (const result of results) world.judge.answered(result);
      },
    });
    let slices = 0;
    const lease = new Lease(() => {
      slices += 1;
      return `${name}/${slices}`;
    });
    this.leasing = new Leasing({
      clock: this.clock,
      session: this.session,
      lease: world.mutateLease(lease),
      after: (ms, call) => this.after(ms, call),
      beat: () => this.beat(),
      close: (closed) => this.journal.close(closed),
      reportOpen: () => this.#reportOpen(),
    });
    this.world.run(() => this.#callOn());
    this.world.run(() => this.heartbeats());
  }

  get journalLength(): number {
    return this.journal.queue.length;
  }

  get isIdle(): boolean {
    return this.open.size === 0 && this.journal.isEmpty;
  }

  /** No further calls. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Ends in good order: what is under way is told as far as it is known, slices go back, the session is ended. */
  async exit(): Promise<void> {
    this.stop();
    for (const { request, attempt, held, isSent } of this.open.values()) {
      if (attempt.told !== 'nothing') continue;
      if (isSent) this.#tell(request, attempt, held, { kind: 'silent' });
      else this.#unsent(request, attempt);
    }
    this.leasing.end();
    for (let wait = 0; wait < 5 && !this.journal.isEmpty; wait += 1) await this.sleep(200);
    const reply = await this.ask({ kind: 'end', session: this.session }, BACKGROUND_MS);
    this.world.trace.note('client exits', this.name, reply?.status === 200 ? '' : 'its session did not end');
    this.die({ withFile: true });
  }

  /** It is gone; with a file, what it had to tell is found by another process later. */
  die({ withFile }: { withFile: boolean }): void {
    if (this.isDead) return;
    this.isDead = true;
    for (const { attempt } of this.open.values()) attempt.isOrphan = true;
    if (withFile) this.world.leave(this.journal.queue, this.journal.closes);
    else for (const { attempt_id } of this.journal.queue) this.world.provider.attempts.get(attempt_id)!.isOrphan = true;
    this.world.judge.died(this.session);
  }

  async #callOn(): Promise<void> {
    const { random } = this.world;
    while (!this.#isStopping) {
      await this.sleep(random.skewed(10, this.traits.gapMs));
      // Who is refused for want of a server comes less often.
      if (this.state === 'away' && random.chance(0.8)) continue;
      if (!this.#isStopping && this.open.size < this.traits.concurrency) this.world.run(() => this.#call());
    }
  }

  async #call(): Promise<void> {
    const { random, provider, trace, judge } = this.world;
    let { request, attempt } = this.#next();
    provider.attempts.set(attempt.id, attempt);
    this.open.set(attempt.id, { request, attempt, held: false, isSent: false });
    const admission = await this.#admit(request, attempt);
    // The process is ending and has told already that this one will not be sent.
    if (!this.open.delete(attempt.id)) return;
    if ('denied' in admission) {
      if (admission.maybeHeld) this.#journal(request, attempt, 'released', NOTHING, 'aborted');
      return;
    }
    const { held, model, maxOutput, draws, maybeHeld, settleAllowance } = admission;
    // It goes out under another id: a hold of the first one may be given back, and then nothing could be booked on it.
    if (maybeHeld) [request, attempt] = this.#anew(request, attempt);
    attempt.model = model;
    if (maxOutput !== undefined) attempt.boundOutput = Math.min(attempt.boundOutput, maxOutput);
    attempt.isUnreserved = !held && !draws;
    if (random.chance(0.02)) {
      trace.count('never sent');
      settleAllowance?.(0n);
      if (!draws || !this.leasing.lease.putBack(draws)) return this.#unsent(request, attempt);
      trace.note('put back', attempt.id);
      judge.putBack(attempt);
      attempt.told = 'released';
      return;
    }
    this.open.set(attempt.id, { request, attempt, held, isSent: true });
    trace.note('sent', attempt.id, held ? '' : draws ? 'from slices' : 'without a hold');
    const answer = await new Promise<Answer>((resolve) =>
      provider.call(attempt, (told) => this.wake(() => resolve(told))),
    );
    if (!this.open.has(attempt.id)) return;
    settleAllowance?.(boundOf(attempt).all);
    this.#tell(request, attempt, held, answer);
  }

  #next(): { request: ReservationRequest; attempt: TrueAttempt } {
    const { random } = this.world;
    this.#count += 1;
    const id = `${this.name}.${this.#count}`;
    const { session } = this;
    const who = random.chance(0.8) ? this.#usual : whoever(random);
    const [boundInput, boundOutput] = [random.skewed(50, 5_000), random.skewed(100, 8_000)];
    const request: ReservationRequest = {
      attempt_id: id,
      call_id: `call-${id}`,
      session,
      provider: 'openai',
      model: 'round',
      bound: { input_tokens: boundInput, output_tokens: boundOutput },
      attribution: attributionOf(who),
    };
    const unknown = { isUnreserved: false, bill: undefined, told: 'nothing', isOrphan: false } as const;
    const attempt: TrueAttempt = {
      ...who,
      id,
      session,
      model: 'round',
      boundInput,
      boundOutput,
      ...unknown,
      bookings: 0,
      bookedNanoUsd: 0n,
    };
    return { request, attempt };
  }

  #anew(request: ReservationRequest, attempt: TrueAttempt): [ReservationRequest, TrueAttempt] {
    this.#unsent(request, attempt);
    const id = `${attempt.id}-again`;
    const again: TrueAttempt = { ...attempt, id, told: 'nothing' };
    this.world.provider.attempts.set(id, again);
    return [{ ...request, attempt_id: id }, again];
  }

  async #admit(request: ReservationRequest, attempt: TrueAttempt): Promise<Admission> {
    const { trace, judge } = this.world;
    if (this.state === 'unopened') await this.openSession(DECISION_MS);
    const local = this.leasing.lease.admit(attemptedOf(request), this.leasing.now());
    if (local) {
      const { draws } = local;
      attempt.draws = draws;
      trace.note('drawn', attempt.id, draws.map(({ slice, amountNanoUsd }) => `${slice}:${amountNanoUsd}`).join(' '));
      judge.drawn(attempt, this);
      return { held: false, draws, model: 'round' };
    }
    // Slices run on to their end while the server is away; only then the rules for it apply.
    if (this.state === 'away') return this.#unreachable(attempt, false);
    if (this.rules?.admission === 'none') return { held: false, model: 'round' };
    return this.#reserve(request, attempt, true);
  }

  async #reserve(request: ReservationRequest, attempt: TrueAttempt, again: boolean): Promise<Admission> {
    const { lease } = this.leasing;
    const asksRoute = lease.asksRoute(attemptedOf(request), this.leasing.now());
    const body = asksRoute ? { ...request, route: true as const } : request;
    const reply = await this.ask({ kind: 'reserve', body }, DECISION_MS);
    if (reply?.status === 201) {
      const granted = reply.body as ReservationReply;
      if (asksRoute) lease.routed(attemptedOf(request), granted.route, this.leasing.now());
      this.leasing.look();
      const { model = 'round', max_output_tokens: maxOutput } = granted.rewrite ?? {};
      return { held: true, model, ...(maxOutput !== undefined && { maxOutput }) };
    }
    if (reply?.status === 402 || reply?.status === 429) {
      this.world.trace.note(`denied: ${(reply.body as { code: string }).code}`, attempt.id);
      return { denied: true, maybeHeld: false };
    }
    if (reply?.status === 404 && again) {
      await this.reopen();
      if (this.state === 'open') return this.#reserve(request, attempt, false);
    }
    if (reply === undefined || reply.status === 0 || reply.status >= 500) this.lost();
    return this.#unreachable(attempt, reply === undefined || reply.status >= 500);
  }

  #unreachable(attempt: TrueAttempt, maybeHeld: boolean): Admission {
    const { trace } = this.world;
    const { rules } = this;
    if (rules?.when_unreachable === 'allow') {
      const limit = BigInt(rules.unreachable_allowance);
      const settleAllowance = this.#allowance.take(this.outages, limit, boundOf(attempt).all);
      if (settleAllowance) {
        trace.count('allowed while unreachable');
        return { held: false, maybeHeld, model: 'round', settleAllowance };
      }
    }
    trace.note('denied: unreachable', attempt.id);
    return { denied: true, maybeHeld };
  }

  /** Says what became of an attempt; once. */
  #tell(request: ReservationRequest, attempt: TrueAttempt, held: boolean, answer: Answer): void {
    this.open.delete(attempt.id);
    if (answer.kind === 'silent') this.#journal(request, attempt, 'lost', NOTHING, 'error');
    else if (answer.kind === 'broken') this.#journal(request, attempt, 'estimated', answer.seen, 'aborted');
    else {
      const bill = answer.kind === 'answered' ? answer.bill : NOTHING;
      const status = answer.kind === 'answered' ? 'ok' : 'rejected';
      if (this.traits.isDirect && held) this.world.run(() => this.#settleDirectly(request, attempt, bill, status));
      else this.#journal(request, attempt, 'measured', bill, status);
    }
  }

  #unsent(request: ReservationRequest, attempt: TrueAttempt): void {
    this.open.delete(attempt.id);
    this.#journal(request, attempt, 'released', NOTHING, 'aborted');
  }

  #journal(
    request: ReservationRequest,
    attempt: TrueAttempt,
    told: Exclude<TrueAttempt['told'], 'nothing'>,
    bill: Bill,
    status: SettlementRequest['status'],
  ): void {
    attempt.told = told;
    this.#report(request, attempt, told, bill, status);
  }

  #reportOpen(): void {
    for (const { request, attempt } of this.open.values()) {
      if (attempt.draws && attempt.told === 'nothing') this.#report(request, attempt, 'open', NOTHING, 'ok');
    }
  }

  #report(
    request: ReservationRequest,
    { id, model, draws }: TrueAttempt,
    told: Exclude<TrueAttempt['told'], 'nothing'> | 'open',
    { inputTokens, outputTokens }: Bill,
    status: SettlementRequest['status'],
  ): void {
    this.world.trace.note(`tells ${told}`, id, told === 'measured' ? `${inputTokens}+${outputTokens}` : '');
    this.journal.add({
      ...request,
      model,
      admitted_at: new Date(this.clock.wall()).toISOString(),
      end: told === 'lost' || told === 'released' || told === 'open' ? told : 'settled',
      ...(draws && { draws: draws.map(({ slice, amountNanoUsd }) => ({ slice, amount: `${amountNanoUsd}` })) }),
      status,
      measured: told !== 'estimated',
      usage: { input_tokens: inputTokens, output_tokens: outputTokens },
    });
  }

  async #settleDirectly(
    request: ReservationRequest,
    attempt: TrueAttempt,
    { inputTokens, outputTokens }: Bill,
    status: 'ok' | 'rejected',
  ): Promise<void> {
    const { random } = this.world;
    this.open.set(attempt.id, { request, attempt, held: true, isSent: true });
    attempt.told = 'measured';
    const usage = { input_tokens: inputTokens, output_tokens: outputTokens };
    for (;;) {
      const ask: Ask =
        status === 'rejected' && random.chance(0.5)
          ? { kind: 'release', attempt: attempt.id }
          : { kind: 'settle', attempt: attempt.id, body: { usage, measured: true, status } };
      const reply = await this.ask(ask, BACKGROUND_MS);
      if (reply?.status === 200) break;
      if (reply && reply.status >= 400 && reply.status < 500) {
        // Of the two ends of a rejected attempt the first wins.
        const why = `attempt ${attempt.id} cannot be settled: ${JSON.stringify(reply.body)}`;
        if (status !== 'rejected') this.world.fail(why, [attempt.id]);
        break;
      }
      await this.sleep(random.whole(200, 3_000));
    }
    this.open.delete(attempt.id);
  }
}

function whoever(random: Random): Who {
  return {
    team: random.pick(TEAMS),
    customer: random.pick(CUSTOMERS),
    workflow: random.chance(0.4) ? 'batch' : 'chat',
  };
}

const attributions = new Map<string, Attribution>();

/** The same object for the same three: services keep them, and the lease knows them again by that. */
function attributionOf({ team, customer, workflow }: Who): Attribution {
  const key = `${team} ${customer} ${workflow}`;
  const known = attributions.get(key) ?? { team, customer, workflow };
  attributions.set(key, known);
  return known;
}

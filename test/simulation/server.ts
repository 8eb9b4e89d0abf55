/** The server's process: an enforcer on the ledger, started, killed and started again. The HTTP room is left out. */
import { createEnforcer } from '../../src/enforce/create.ts';
import { type Enforcer, NotReady, type Patience, type Principal } from '../../src/enforce/enforcer.ts';
import { LedgerUnavailable } from '../../src/ledger/ledger.ts';
import type {
  HeartbeatRequest,
  ReservationRequest,
  SessionRequest,
  SettlementBody,
  SettlementsRequest,
} from '../../src/protocol/wire.ts';
import { LedgerLink } from './link.ts';
import type { Reply } from './network.ts';
import { type ConfigPlan, configOf } from './plan.ts';
import { MachineClock } from './time.ts';
import type { World } from './world.ts';

export type Ask =
  | { kind: 'open'; body: SessionRequest }
  | { kind: 'heartbeat'; session: string; body: HeartbeatRequest }
  | { kind: 'end'; session: string }
  | { kind: 'reserve'; body: ReservationRequest }
  | { kind: 'settlements'; body: SettlementsRequest }
  | { kind: 'settle'; attempt: string; body: SettlementBody }
  | { kind: 'release'; attempt: string };

const NOBODY: Principal = { name: 'anonymous' };
export const OPERATOR: Principal = { name: 'operator' };
const SWEEP_MS = 1_000;

type Running = Enforcer & { sweep(): Promise<void> };

export class ServerProcess {
  readonly clock: MachineClock;
  /** The config file as it lies on the disk. */
  plan: ConfigPlan;
  enforcer: Running | undefined;
  /** Virtual time of the last start. */
  upAtMs = 0;
  /** Counts starts and deaths. */
  life = 0;
  readonly #world: World;
  #link: LedgerLink | undefined;

  constructor(world: World, plan: ConfigPlan, wallAtStart: number) {
    this.#world = world;
    this.plan = plan;
    this.clock = new MachineClock(world.time, wallAtStart);
  }

  /** Tries until the ledger can be read. */
  async start(): Promise<void> {
    const { trace, time, judge } = this.#world;
    this.life += 1;
    const life = this.life;
    const link = new LedgerLink(this.#world);
    this.#link = link;
    const plan = this.plan;
    judge.planned(plan);
    try {
      const options = { config: configOf(plan), ledger: link.ledger, clocks: this.clock, sweepEveryMs: 0 };
      const enforcer = await createEnforcer(options);
      if (life !== this.life) return;
      this.enforcer = enforcer;
      this.upAtMs = time.now;
      trace.note('server is up', `life ${life}`);
      await judge.inForce(plan);
      this.#sweepLater(enforcer);
    } catch (error) {
      if (life !== this.life) return;
      if (!(error instanceof LedgerUnavailable)) throw error;
      trace.note('server could not start', `life ${life}`);
      link.cut();
      time.after(1_000, () => this.#world.run(() => (life === this.life ? this.start() : undefined)));
    }
  }

  /** All its memory is gone; what it had asked of the ledger may still be done. */
  crash(why: string): void {
    if (!this.#link) return;
    const { trace, time, random } = this.#world;
    trace.note('server dies', `life ${this.life}`, why);
    this.life += 1;
    this.#link.cut();
    this.#link = undefined;
    this.enforcer = undefined;
    time.after(random.pick([300, 2_000, 10_000, 45_000]), () =>
      this.#world.run(() => (this.#link ? undefined : this.start())),
    );
  }

  async reload(plan: ConfigPlan): Promise<void> {
    const { trace, judge } = this.#world;
    const { enforcer } = this;
    this.plan = plan;
    if (!enforcer) return;
    judge.planned(plan);
    const limits = plan.budgets.map(({ name, limitNanoUsd }) => `${name}=${limitNanoUsd}`).join(' ');
    trace.note('config changes', 'server', limits);
    try {
      await enforcer.reload(configOf(plan), 'operator');
      if (this.enforcer !== enforcer) return;
      trace.note('config is in force', 'server');
      await judge.inForce(plan);
    } catch (error) {
      if (!(error instanceof LedgerUnavailable || error instanceof NotReady)) throw error;
      trace.note('config change failed', 'server', error.message);
      // As the watcher does it: tried again until it is in force.
      this.#world.time.after(2_000, () =>
        this.#world.run(() => (this.enforcer === enforcer && this.plan === plan ? this.reload(plan) : undefined)),
      );
    }
  }

  #sweepLater(enforcer: Running): void {
    this.#world.time.after(SWEEP_MS, () =>
      this.#world.run(async () => {
        if (this.enforcer !== enforcer) return;
        const startedAt = this.#world.time.now;
        try {
          await enforcer.sweep();
          if (this.enforcer === enforcer) await this.#world.judge.swept(startedAt);
        } catch (error) {
          if (!(error instanceof LedgerUnavailable)) throw error;
        }
        if (this.enforcer === enforcer) this.#sweepLater(enforcer);
      }),
    );
  }

  /** Undefined when nobody is there to answer any more. */
  async handle(ask: Ask, patience: Patience): Promise<Reply | undefined> {
    const { enforcer } = this;
    if (!enforcer) return { status: 0 };
    try {
      const reply = await answer(enforcer, ask, patience);
      return this.enforcer === enforcer ? reply : undefined;
    } catch (error) {
      if (error instanceof LedgerUnavailable || error instanceof NotReady) return { status: 503, body: error.message };
      throw error;
    }
  }
}

async function answer(enforcer: Enforcer, ask: Ask, patience: Patience): Promise<Reply> {
  switch (ask.kind) {
    case 'open':
      return replyOf(await enforcer.openSession(ask.body, NOBODY));
    case 'heartbeat':
      return replyOf(await enforcer.heartbeat(ask.session, ask.body, NOBODY));
    case 'end':
      return replyOf(await enforcer.endSession(ask.session, NOBODY));
    case 'settlements':
      return replyOf(await enforcer.settleMany(ask.body, NOBODY));
    case 'settle':
      return replyOf(await enforcer.settle(ask.attempt, ask.body, NOBODY));
    case 'release':
      return replyOf(await enforcer.release(ask.attempt, NOBODY));
    case 'reserve': {
      const decided = await enforcer.reserve(ask.body, NOBODY, patience);
      if ('denied' in decided) return { status: decided.denied.code === 'contended' ? 429 : 402, body: decided.denied };
      return 'granted' in decided ? { status: 201, body: decided.granted } : replyOf(decided);
    }
  }
}

function replyOf(body: object): Reply {
  if ('refused' in body) return { status: (body as { refused: { status: number } }).refused.status, body };
  return { status: 200, body };
}

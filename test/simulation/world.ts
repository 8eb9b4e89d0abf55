/** One world: a server on a ledger, clients, a provider and a judge, in virtual time, out of one seed. */
import type { Lease } from '../../src/client/lease/lease.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import type { SettlementRequest, SliceClose } from '../../src/protocol/wire.ts';
import { ClientProcess } from './client.ts';
import { finish } from './end.ts';
import { Faults } from './faults.ts';
import { Judge } from './judge.ts';
import { Network } from './network.ts';
import { observed } from './observed.ts';
import { drawPlan } from './plan.ts';
import { Provider } from './provider.ts';
import { Random } from './random.ts';
import { OPERATOR, ServerProcess } from './server.ts';
import { VirtualTime } from './time.ts';
import { Trace, Violation } from './trace.ts';

export interface WorldOptions {
  seed: number;
  /** Events before everything is drained and counted. */
  steps: number;
  sessions?: number;
  /** A defect put in between the server and the ledger, for the test of the test. */
  mutate?: (ledger: Ledger, world: World) => Ledger;
  /** The same between a process and its lease. */
  mutateLease?: (lease: Lease) => Lease;
}

export interface RunResult {
  seed: number;
  steps: number;
  /** The same for the same seed. */
  hash: string;
  counts: ReadonlyMap<string, number>;
  virtualMs: number;
  violation?: { message: string; step: number; events: readonly string[] };
}

/** Shortly before the hour, so that windows roll over. */
const START = Date.parse('2026-11-10T12:58:20Z');
const CHECK_EVERY = 200;
const VERIFY_EVERY = 4_000;

export class World {
  readonly random: Random;
  readonly time = new VirtualTime();
  readonly trace = new Trace(() => this.time.now);
  readonly network = new Network(this);
  readonly provider = new Provider(this);
  readonly faults = new Faults(this);
  /** Below every fault. */
  readonly truth = createMemoryLedger();
  /** What the server's links lead to. */
  readonly ledger: Ledger;
  readonly judge: Judge;
  readonly server: ServerProcess;
  clients: ClientProcess[] = [];
  /** Journals of processes that are gone. */
  readonly files: { settlements: readonly SettlementRequest[]; closes: readonly SliceClose[] }[] = [];
  /** An operator closes everything, whatever it was. */
  isClosing = false;
  violation: Violation | undefined;
  readonly #options: WorldOptions;
  #named = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    const watched = observed(this.truth, () => this.judge);
    this.ledger = options.mutate ? options.mutate(watched, this) : watched;
    this.judge = new Judge(this, this.truth);
    this.server = new ServerProcess(this, drawPlan(this.random), START);
  }

  /** The first word counts: what follows from a violation is no news. */
  readonly fail = (message: string, subjects: readonly string[] = []): void => {
    this.violation ??= new Violation(message, subjects);
  };

  mutateLease(lease: Lease): Lease {
    return this.#options.mutateLease?.(lease) ?? lease;
  }

  /** Runs something that nobody waits for; a rejection is a defect. */
  run(call: () => Promise<void> | void): void {
    void (async () => call())().catch((error: Error) => this.fail(`unexpected ${error.stack ?? error.message}`));
  }

  startClient(): void {
    const { random } = this;
    if (this.clients.length >= (this.#options.sessions ?? 12)) return;
    this.#named += 1;
    const traits = {
      hasFile: random.chance(0.6),
      isDirect: random.chance(0.25),
      concurrency: random.whole(1, 12),
      gapMs: random.pick([500, 2_000, 2_000, 8_000]),
    };
    const client = new ClientProcess(this, `p${this.#named}`, START + random.whole(-60_000, 60_000), traits);
    this.clients.push(client);
    this.trace.note('client starts', client.name, client.session);
  }

  /** What a process had to tell lies in a file until another finds it. */
  leave(settlements: readonly SettlementRequest[], closes: readonly SliceClose[]): void {
    if (settlements.length > 0 || closes.length > 0) this.files.push({ settlements, closes });
    const wait = this.random.pick([5_000, 120_000, 3 * 3_600_000]);
    this.time.after(wait, () => this.claimFiles());
  }

  claimFiles(): void {
    const client = this.clients.find(({ isRunning }) => isRunning);
    if (!client) return;
    for (const { settlements, closes } of this.files.splice(0)) {
      this.trace.note('journal found', client.name, settlements.map(({ attempt_id }) => attempt_id).join(' '));
      for (const settlement of settlements) client.journal.add(settlement);
      client.journal.close(closes);
    }
  }

  /** An operator who has asked the provider closes holds of attempts that never cost anything. */
  async closeUnbilled(): Promise<void> {
    const { enforcer } = this.server;
    if (!enforcer) return;
    for (const { attemptId, session, state } of await this.truth.openHolds()) {
      const attempt = this.provider.attempts.get(attemptId);
      const isOver = this.clients.every((client) => client.session !== session || client.isDead);
      if (state.state !== 'unresolved' || !attempt || attempt.bill) continue;
      // Nothing more comes of it: its process is gone, or has said that no answer came.
      if (!isOver && attempt.told !== 'lost') continue;
      this.run(async () => {
        await enforcer.writeOff(attemptId, 'the provider has no record of it', OPERATOR).catch(() => {});
        this.trace.note('closed by an operator', attemptId);
      });
    }
  }

  /** One who has not asked closes others too, and their journals may still come. */
  async closeBilled(): Promise<void> {
    const { enforcer } = this.server;
    if (!enforcer) return;
    for (const { attemptId, state } of await this.truth.openHolds()) {
      if (state.state !== 'unresolved' || !this.provider.attempts.get(attemptId)?.bill) continue;
      this.run(async () => {
        await enforcer.writeOff(attemptId, 'nobody will ever know', OPERATOR).catch(() => {});
      });
    }
  }

  /** Runs to its end, or to the first invariant that does not hold. */
  async play(): Promise<RunResult> {
    const { steps, sessions = 12 } = this.#options;
    this.run(() => this.server.start());
    for (let count = 0; count < sessions; count += 1) this.startClient();
    this.run(() => this.faults.go());
    await this.#until(() => this.trace.step >= steps);
    let isFinished = false;
    this.run(async () => {
      await finish(this);
      isFinished = true;
    });
    await this.#until(() => isFinished);
    return this.#result();
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!this.violation && !isDone()) {
      const event = this.time.next();
      if (!event) return this.fail('nothing is left to happen');
      this.trace.step += 1;
      event();
      await turn();
      if (this.trace.step % CHECK_EVERY === 0 && !this.isClosing) await this.judge.check();
      if (this.trace.step % VERIFY_EVERY === 0) await this.verify();
      if (this.clients.some(({ isDead }) => isDead)) this.clients = this.clients.filter(({ isDead }) => !isDead);
    }
  }

  /** Promise 3: every balance is the sum of its postings and open holds. */
  async verify(): Promise<void> {
    const { problems } = await this.truth.verify();
    if (problems.length > 0) this.fail(`the ledger does not add up: ${problems.join('; ')}`);
  }

  #result(): RunResult {
    const { seed } = this.#options;
    const { violation } = this;
    const { step, hash, counts } = this.trace;
    return {
      seed,
      steps: step,
      hash,
      counts,
      virtualMs: this.time.now,
      ...(violation && {
        violation: { message: violation.message, step, events: this.trace.last(50, violation.subjects) },
      }),
    };
  }
}

/** Everything that is ready to go on goes on, until all of it waits for an event. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function play(options: WorldOptions): Promise<RunResult> {
  return new World(options).play();
}

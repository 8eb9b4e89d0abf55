/** What goes wrong, and when. Everything is drawn from the world's one source of chance. */
import { changePlan } from './plan.ts';
import { OPERATOR } from './server.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;

const WEIGHTS = {
  'server dies': 5,
  'server dies after its next commit': 3,
  'client is killed': 2,
  'client is killed, its journal is found later': 3,
  'client exits': 2,
  'client starts': 8,
  'client is suspended': 2,
  'client is suspended, its monotonic clock stops': 2,
  'server clock goes back': 2,
  'server clock goes forward': 2,
  'server clock jumps, an operator confirms': 1,
  'server clock jumps and is put right': 1,
  'client clock is stepped': 3,
  'client is cut off': 4,
  'client is cut off, an operator closes what it left': 3,
  'messages are lost': 5,
  'ledger fails': 3,
  'ledger is slow': 2,
  'config changes': 3,
  'host stands still': 1.5,
  'operator closes what was never billed': 3,
};
type Fault = keyof typeof WEIGHTS;

export const FAULTS = Object.keys(WEIGHTS) as readonly Fault[];

export class Faults {
  isLedgerSlow = false;
  readonly #world: World;
  #ledgerFailsShare = 0;
  #killsAfterCommit = false;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
  }

  failsLedger(isWrite: boolean): boolean {
    if (this.#ledgerFailsShare === 0) return false;
    return this.#world.random.chance(isWrite ? this.#ledgerFailsShare : this.#ledgerFailsShare / 4);
  }

  killsServerAfterCommit(): boolean {
    if (!this.#killsAfterCommit) return false;
    this.#killsAfterCommit = false;
    return true;
  }

  async go(): Promise<void> {
    const { time, random, trace } = this.#world;
    for (;;) {
      await time.pause(random.whole(200, 6_000));
      if (this.#isOver) return;
      const fault = random.weighted(WEIGHTS);
      trace.note('FAULT', fault);
      trace.count(`fault: ${fault}`);
      this.#world.run(() => this.#happens(fault));
    }
  }

  /** Nothing goes wrong any more, and what is wrong is put right. */
  async end(): Promise<void> {
    const { network, server, clients, time } = this.#world;
    this.#isOver = true;
    this.#ledgerFailsShare = 0;
    this.#killsAfterCommit = false;
    this.isLedgerSlow = false;
    network.lossRate = 0;
    network.mend();
    for (const client of clients) client.resume({ monotonicStopped: false });
    for (let wait = 0; !server.enforcer && wait < 200; wait += 1) await time.pause(1_000);
    await this.#confirm();
  }

  #happens(fault: Fault): Promise<void> | void {
    const { random, time, server } = this.#world;
    switch (fault) {
      case 'server dies':
        server.crash('killed');
        break;
      case 'server dies after its next commit':
        this.#killsAfterCommit = true;
        break;
      case 'client starts':
        this.#world.startClient();
        break;
      case 'server clock goes back':
        server.clock.step(-random.whole(100, 10 * MINUTE));
        break;
      case 'server clock goes forward':
        server.clock.step(random.whole(100, 4 * MINUTE));
        break;
      case 'server clock jumps, an operator confirms':
        return this.#jumps(() => this.#confirm());
      case 'server clock jumps and is put right':
        return this.#jumps((jumpMs) => server.clock.step(-jumpMs));
      case 'config changes':
        return server.reload(changePlan(server.plan, random));
      case 'host stands still':
        time.leap(random.pick([5_000, 40_000, 20 * MINUTE, 61 * MINUTE]));
        break;
      case 'operator closes what was never billed':
        return this.#world.closeUnbilled();
      case 'messages are lost':
      case 'ledger fails':
      case 'ledger is slow':
        return this.#lasts(fault);
      default:
        return this.#happensToClient(fault);
    }
  }

  async #jumps(then: (jumpMs: number) => Promise<void> | void): Promise<void> {
    const { random, time, server } = this.#world;
    const jumpMs = random.whole(6, 90) * MINUTE;
    server.clock.step(jumpMs);
    await time.pause(random.whole(1_000, 20_000));
    await then(jumpMs);
  }

  async #lasts(fault: 'messages are lost' | 'ledger fails' | 'ledger is slow'): Promise<void> {
    const { random, time, network } = this.#world;
    if (fault === 'messages are lost') network.lossRate = random.pick([0.02, 0.1, 0.4]);
    else if (fault === 'ledger fails') this.#ledgerFailsShare = random.pick([0.1, 1]);
    else this.isLedgerSlow = true;
    await time.pause(random.whole(300, 10_000));
    if (fault === 'messages are lost') network.lossRate = 0;
    else if (fault === 'ledger fails') this.#ledgerFailsShare = 0;
    else this.isLedgerSlow = false;
  }

  async #happensToClient(fault: Fault): Promise<void> {
    const { random, time, network, clients } = this.#world;
    if (clients.length === 0) return;
    const client = random.pick(clients);
    if (fault === 'client is killed') client.die({ withFile: false });
    else if (fault === 'client is killed, its journal is found later') client.die({ withFile: client.traits.hasFile });
    else if (fault === 'client exits' && client.isRunning) await client.exit();
    else if (fault === 'client clock is stepped') client.stepClock(random.whole(-10 * MINUTE, 10 * MINUTE));
    else if (fault === 'client is cut off') {
      network.cut(client.name);
      await time.pause(random.pick([1_000, 10_000, 45_000]));
      network.mend(client.name);
    } else if (fault === 'client is cut off, an operator closes what it left') {
      network.cut(client.name);
      // Its session has fallen silent by then.
      await time.pause(40_000);
      await this.#world.closeBilled();
      await time.pause(1_000);
      network.mend(client.name);
    } else if (fault.startsWith('client is suspended')) {
      client.suspend();
      await time.pause(random.pick([800, 4_000, 12_000, 50_000]));
      client.resume({ monotonicStopped: fault !== 'client is suspended' });
    }
  }

  async #confirm(): Promise<void> {
    const { server, trace } = this.#world;
    if (!server.enforcer) return;
    await server.enforcer.confirmClock(OPERATOR);
    trace.note('operator confirms the clock', 'server');
  }
}

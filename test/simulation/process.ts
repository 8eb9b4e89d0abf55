import { MachineClock } from './time.ts';
import type { World } from './world.ts';

/** A process on a machine: it can be killed and suspended, and while it is not running nothing happens in it. */
export class Process {
  readonly name: string;
  readonly clock: MachineClock;
  isDead = false;
  /** Neither of its clocks saw some of the time: the monotonic one stood, and the wall was put back. */
  isClockInDoubt = false;
  protected readonly world: World;
  #suspendedAt: number | undefined;
  #backlog: (() => void)[] = [];
  readonly #doubts = new Set<'stopped' | 'put back'>();

  constructor(world: World, name: string, wallAtStart: number) {
    this.world = world;
    this.name = name;
    this.clock = new MachineClock(world.time, wallAtStart);
  }

  get isRunning(): boolean {
    return !this.isDead && this.#suspendedAt === undefined;
  }

  suspend(): void {
    this.#suspendedAt ??= this.world.time.now;
  }

  resume({ monotonicStopped }: { monotonicStopped: boolean }): void {
    if (this.#suspendedAt === undefined) return;
    if (monotonicStopped) {
      this.#doubt('stopped');
      this.clock.missed(this.world.time.now - this.#suspendedAt);
    }
    this.#suspendedAt = undefined;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const call of backlog) this.wake(call);
  }

  /** The wall clock is set. */
  stepClock(ms: number): void {
    if (ms < 0) this.#doubt('put back');
    this.clock.step(ms);
  }

  #doubt(what: 'stopped' | 'put back'): void {
    this.#doubts.add(what);
    this.isClockInDoubt = this.#doubts.size > 1;
  }

  /** Something reached the process: a message, a timer. */
  protected wake(call: () => void): void {
    if (this.isDead) return;
    if (this.#suspendedAt === undefined) call();
    else this.#backlog.push(call);
  }

  protected after(ms: number, call: () => void): () => void {
    return this.world.time.after(ms, () => this.wake(call));
  }

  protected sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }
}

/** Drives the product's lease for one process of the simulation, as `src/client/lease/keeper.ts` does with real timers. */
import type { Attempted, Closed, Lease, LeaseAsk } from '../../src/client/lease/lease.ts';
import { LEASE_TICK_MS } from '../../src/domain/lease.ts';
import type {
  HeartbeatReply,
  HeartbeatRequest,
  Recall,
  ReservationRequest,
  SliceClose,
} from '../../src/protocol/wire.ts';
import type { MachineClock } from './time.ts';

const SOON_MS = 10;

export interface LeasingOptions {
  clock: MachineClock;
  session: string;
  lease: Lease;
  after(ms: number, call: () => void): () => void;
  beat(): Promise<void>;
  close(closed: SliceClose[]): void;
  /** Attempts under way, when all slices are recalled. */
  reportOpen(): void;
}

export class Leasing {
  readonly lease: Lease;
  readonly #options: LeasingOptions;
  #callOff: (() => void) | undefined;
  #asks = false;

  constructor(options: LeasingOptions) {
    this.#options = options;
    this.lease = options.lease;
  }

  now() {
    const { clock } = this.#options;
    return { wall: clock.wall(), monotonicMs: clock.monotonicMs() };
  }

  /** An attempt had to ask the server: perhaps the next ones need not. */
  look(): void {
    if (!this.#callOff && this.lease.busy(this.now())) this.#tickIn(SOON_MS);
  }

  #tickIn(ms: number): void {
    this.#callOff?.();
    this.#callOff = this.#options.after(ms, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    this.#callOff = undefined;
    this.#tell(this.lease.closes(this.now()));
    if (!this.lease.busy(this.now())) return;
    this.#tickIn(LEASE_TICK_MS);
    await this.#options.beat();
    this.#tell(this.lease.closes(this.now()));
  }

  #tell(closed: readonly Closed[]): void {
    const { session, close } = this.#options;
    close(closed.map(({ slice, drawnNanoUsd }) => ({ session, slice, drawn: `${drawnNanoUsd}` })));
  }

  /** The lease's part of a heartbeat. */
  ask(): { ask: LeaseAsk; wire: Pick<HeartbeatRequest, 'seq' | 'wants'> } {
    const ask = this.lease.ask(this.now());
    const wants = ask.wants.map(({ slice, slot, amountNanoUsd, atLeastNanoUsd }) => {
      return { slice, slot, amount: `${amountNanoUsd}`, at_least: `${atLeastNanoUsd}` };
    });
    this.#asks ||= wants.length > 0;
    if (!this.#asks) return { ask, wire: {} };
    return { ask, wire: wants.length > 0 ? { seq: ask.seq, wants } : { seq: ask.seq } };
  }

  answered(ask: LeaseAsk, { slices = [], recall }: HeartbeatReply): void {
    this.lease.answered(ask, slices, this.now());
    this.obey(recall);
  }

  obey(recall: Recall | undefined): void {
    if (!recall) return;
    this.lease.recalled(recall, this.now());
    if (recall.all) this.#options.reportOpen();
    this.#tell(this.lease.closes(this.now()));
  }

  rulesChanged(): void {
    this.lease.dropAll();
    this.#tell(this.lease.closes(this.now()));
  }

  end(): void {
    this.#callOff?.();
    this.#tell(this.lease.end());
  }
}

export function attemptedOf({ attribution, provider, model, bound }: ReservationRequest): Attempted {
  const { input_tokens: inputTokens, output_tokens: outputTokens = 0 } = bound;
  return { attribution, provider, model, bound: { inputTokens, outputTokens } };
}

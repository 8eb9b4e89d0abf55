import type { AlertEvent } from '../domain/alert.ts';
import { type Ledger, LedgerUnavailable } from '../ledger/ledger.ts';
import type { Asking } from './asking.ts';
import type { RecentCards } from './cards.ts';
import type { Clocks, LedgerClock } from './clock.ts';
import { type Happening, NotReady } from './enforcer.ts';
import type { Gate } from './gate.ts';
import type { LedgerHealth } from './health.ts';
import type { Learned } from './learned.ts';
import type { Leases } from './leases.ts';
import type { Policy } from './policy.ts';
import type { Sessions } from './sessions.ts';
import type { Shares } from './shares.ts';
import type { Slots } from './slots.ts';
import type { Standing } from './standing.ts';
import type { Turns } from './turns.ts';
import type { WaitingRoom } from './waiting.ts';

/** What the parts of this room share. `policy` alone is ever replaced. */
export interface Room {
  /** As `health` watches it. */
  ledger: Ledger;
  health: LedgerHealth;
  clock: LedgerClock;
  clocks: Clocks;
  policy: Policy;
  sessions: Sessions;
  standing: Standing;
  waiting: WaitingRoom;
  shares: Shares;
  slots: Slots;
  leases: Leases;
  learned: Learned;
  cards: RecentCards;
  gate: Gate;
  asking: Asking;
  /** Of what batches of settlements bring. */
  batches: Turns;
  /** Events that could not be written down yet, by id. */
  untold: Map<string, AlertEvent>;
  closing: boolean;
  /** Why nothing can be decided yet. */
  starting?: string | undefined;
  emit(happening: Happening): void;
}

/** Errors: `NotReady`, `LedgerUnavailable`, naming what to do. */
export function assertReady(room: Room): void {
  if (room.closing) throw new NotReady('the server is shutting down; try another or wait for its restart');
  const problem = room.starting ?? room.clock.problem();
  if (problem !== undefined) throw new NotReady(problem);
  const ledger = room.health.problem();
  if (ledger !== undefined) throw new LedgerUnavailable(ledger);
}

/**
 * Writes events down before anybody hears of them; those seen before are dropped. What cannot be written down now is
 * kept for the next sweep: the booking or the denial that it tells of stands, and must not look as if it had failed.
 */
export async function tellAll(room: Room, events: readonly AlertEvent[]): Promise<void> {
  for (const event of events) if (!room.untold.has(event.id)) room.untold.set(event.id, event);
  if (room.untold.size === 0) return;
  const pending = [...room.untold.values()];
  room.untold.clear();
  for (const event of await write(room, pending)) {
    room.standing.tell(event);
    room.emit({ kind: 'alert', event });
  }
}

async function write(room: Room, events: readonly AlertEvent[]): Promise<readonly AlertEvent[]> {
  try {
    return await room.ledger.recordEvents(events, room.clock.now());
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    for (const event of events) room.untold.set(event.id, event);
    return [];
  }
}

import type { AlertEvent } from '../domain/alert.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RecentCards } from './cards.ts';
import type { Clocks, LedgerClock } from './clock.ts';
import { type Happening, NotReady } from './enforcer.ts';
import type { Gate } from './gate.ts';
import type { Policy } from './policy.ts';
import type { Sessions } from './sessions.ts';
import type { Shares } from './shares.ts';
import type { Standing } from './standing.ts';
import type { WaitingRoom } from './waiting.ts';

/** What the parts of this room share. `policy` alone is ever replaced. */
export interface Room {
  ledger: Ledger;
  clock: LedgerClock;
  clocks: Clocks;
  policy: Policy;
  sessions: Sessions;
  standing: Standing;
  waiting: WaitingRoom;
  shares: Shares;
  cards: RecentCards;
  gate: Gate;
  closing: boolean;
  emit(happening: Happening): void;
}

/** Errors: `NotReady`, naming what to do. */
export function assertReady(room: Room): void {
  if (room.closing) throw new NotReady('the server is shutting down; try another or wait for its restart');
  const problem = room.clock.problem();
  if (problem) throw new NotReady(problem);
}

/** Writes events down before anybody hears of them; those seen before are dropped. */
export async function tellAll(room: Room, events: readonly AlertEvent[]): Promise<void> {
  if (events.length === 0) return;
  const fresh = await room.ledger.recordEvents(events, room.clock.now());
  for (const event of fresh) {
    room.standing.tell(event);
    room.emit({ kind: 'alert', event });
  }
}

import type { Recall } from '../protocol/wire.ts';
import type { Room } from './room.ts';

/** What sessions have to do about their leases, said with any answer; undefined when there is nothing. */
export function recallOf(room: Room, sessions: Iterable<string>): Recall | undefined {
  const waitedFor = room.waiting.waitedFor();
  const close = new Set<string>();
  const forget: string[] = [];
  let isKnown = false;
  for (const session of sessions) {
    if (!room.sessions.live(session)) continue;
    isKnown = true;
    forget.push(...room.slots.forgets(session));
    if (waitedFor.size === 0) continue;
    for (const { demand, slot } of room.leases.openOf(session)) {
      if (slot !== undefined && waitedFor.has(demand.instance)) close.add(slot);
    }
  }
  const recall: Recall = {
    ...(close.size > 0 && { close: [...close] }),
    ...(forget.length > 0 && { forget }),
    ...(isKnown && room.leases.isRecalling && { all: true as const }),
  };
  return Object.keys(recall).length > 0 ? recall : undefined;
}

import type { Room } from './room.ts';

/**
 * What is unresolved counts against a strict budget until somebody says what became of it. A budget that holds what it
 * expects frees it when no attempt could be under way any more.
 */
export async function forgive(room: Room): Promise<void> {
  if (room.clock.problem() !== undefined) return;
  const now = room.clock.now();
  const freed = await room.ledger.forgive(now - room.policy.config.maxCallDurationMs, now);
  if (freed > 0) void room.waiting.wake();
}

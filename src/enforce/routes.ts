/** How attempts like one that was just granted may be admitted without asking: what a session is told along with the grant. */
import type { HeldShare } from '../domain/held-share.ts';
import { SLICE_VALID_MS } from '../domain/lease.ts';
import type { DurationMs } from '../domain/time.ts';
import type { WireRoute, WireSlot } from '../protocol/wire.ts';
import { wireCard } from './cards.ts';
import type { Plan } from './plan.ts';
import type { Room } from './room.ts';

const VALID_MS: DurationMs = 10_000;
/** No slice ends it, so it ends by itself: after twice this, as long as a slice is valid. */
const UNSLOTTED_VALID_MS: DurationMs = SLICE_VALID_MS / 2;
/** So long a session goes by it at the most. */
export const UNSLOTTED_OUT_MS: DurationMs = 2 * UNSLOTTED_VALID_MS;

/** Undefined when attempts like this one have to ask. `plan`: as it would be made now. */
export function routeOf(room: Room, session: string, plan: Plan): WireRoute | undefined {
  const { decision, by, rewrite } = plan;
  if (!room.policy.config.leases || room.leases.isRecalling) return undefined;
  if (decision === 'downgrade' || rewrite) return undefined;
  const nowMs = room.clocks.monotonicMs();
  const slots = slotsOf(room, session, plan, nowMs);
  const validMs = slots.length > 0 ? VALID_MS : UNSLOTTED_VALID_MS;
  if (slots.length === 0) room.leases.tellUnslotted(nowMs + UNSLOTTED_OUT_MS);
  return {
    slots,
    decision,
    ...(by && { budget: by.budget.name }),
    valid_ms: validMs,
    card: wireCard(plan.attribution.provider!, plan.model, plan.card),
  };
}

/** In the order of the plan's demands. */
function slotsOf(room: Room, session: string, { instances, demands, held }: Plan, nowMs: DurationMs): WireSlot[] {
  const slots = demands.map(({ instance: account, capNanoUsd }) => {
    const instance = instances.find((each) => each.account === account)!;
    return room.slots.tell(session, instance, capNanoUsd, nowMs);
  });
  // The narrowest of them: where an instance without a cap begins to downgrade, the fewest routes are asked for again.
  const narrowest = slots.toSorted((a, b) => b.instance.budget.per.length - a.instance.budget.per.length)[0];
  for (const instance of narrowest ? instances : []) {
    const isDemanded = demands.some((demand) => demand.instance === instance.account);
    const mayDowngrade = instance.thresholds.some(({ action }) => action === 'downgrade');
    if (!isDemanded && mayDowngrade && !instance.shadow) room.slots.watch(narrowest!, instance);
  }
  return slots.map(({ id, instance: { budget } }, index) => ({
    slot: id,
    ...(budget.classes && { classes: [...budget.classes] }),
    ...heldShare(held[index]),
  }));
}

function heldShare(held: HeldShare | undefined): Pick<WireSlot, 'held_ppm' | 'held_at_least'> {
  return held ? { held_ppm: Number(held.ppm), held_at_least: held.atLeastNanoUsd.toString() } : {};
}

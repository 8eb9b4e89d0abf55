import type { Route } from './route.ts';
import type { Slot } from './slot.ts';

/**
 * The slots of routes with more than one attempt of late, each told what it has to be ready for. Routes that nobody uses any
 * more are taken out of `active`.
 */
export function demandOf(active: Set<Route>, at: number): Slot[] {
  const slots = new Set<Slot>();
  for (const route of active) {
    const recent = route.recent(at);
    if (recent === 0) {
      route.active = false;
      active.delete(route);
    } else if (recent > 1) {
      route.demand(at, (slot) => {
        if (slots.has(slot)) return;
        slots.add(slot);
        slot.forgetDemand();
      });
    }
  }
  return [...slots];
}

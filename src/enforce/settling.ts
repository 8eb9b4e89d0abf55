/**
 * What happens after an attempt. Its true cost is priced here and booked by the ledger, in the window of its admission,
 * on the accounts frozen then and on those that what was really served adds. The provider has charged already, so a
 * settlement is never refused for want of money.
 */
import type { AlertEvent } from '../domain/alert.ts';
import type { BudgetInstance } from '../domain/budget.ts';
import { crossings, unpricedEvent } from '../domain/evaluate.ts';
import type { Draw } from '../domain/lease.ts';
import type { EpochMs } from '../domain/time.ts';
import { windowAt } from '../domain/window.ts';
import type { HoldRecord, Settlement } from '../ledger/ledger.ts';
import type { Bill } from './bill.ts';
import { learnFrom } from './relearn.ts';
import { type Room, tellAll } from './room.ts';

/** Books bills in one durable step, then tells what they crossed. Answers in the bills' order. */
export async function book(room: Room, bills: readonly Bill[]) {
  if (bills.length === 0) return [];
  const now = room.clock.now();
  const outcomes = await room.ledger.settleMany(
    bills.map(({ request }) => request),
    now,
  );
  const events: AlertEvent[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const bill = bills[index]!;
    room.shares.give(bill.request.attemptId);
    if (outcome.outcome !== 'settled') continue;
    if (bill.request.split) tookFromSlices(room, bill.request.split.draws, outcome.settlement);
    events.push(...postAll(room, bill, outcome.settlement));
    announce(room, bill, outcome.settlement);
    learnFrom(room, outcome.settlement, outcome.settlement.postings, bill.worstNanoUsd);
  }
  if (events.length > 0 || room.untold.size > 0) await tellAll(room, events);
  // What frees most of the time, and knows where: the other wakers do not.
  if (room.waiting.size > 0) void room.waiting.wake(accountsOf(bills));
  return outcomes;
}

function accountsOf(bills: readonly Bill[]): Set<string> {
  return new Set(bills.flatMap(({ request }) => request.postings.map(({ instance }) => instance)));
}

/** It was decided when it was admitted, by its session; the server counts it when it first hears of it. */
export function tookFromSlices(
  room: Room,
  draws: readonly Draw[],
  { attribution }: Pick<HoldRecord, 'attribution'>,
): void {
  room.leases.split(draws);
  room.emit({ kind: 'decision', decision: 'allow', reason: 'leased', attribution });
}

/** Posts to this process' standing and answers the events of what was crossed. */
function postAll(room: Room, bill: Bill, settlement: Settlement): AlertEvent[] {
  const { admittedAt, attribution, attemptId } = settlement;
  const events: AlertEvent[] = [];
  for (const posting of settlement.postings) {
    const instance = bill.instances.find(({ account }) => account === posting.instance);
    if (!instance) {
      room.standing.post(posting.instance, posting.window, posting.amountNanoUsd);
      continue;
    }
    const now = room.clock.now();
    // A calendar window is crossed where the money belongs; a rolling one is always about what counts now.
    const at = instance.window.kind === 'rolling' ? now : admittedAt;
    const before = room.standing.spent(instance, at);
    room.standing.post(posting.instance, posting.window, posting.amountNanoUsd);
    const spentNanoUsd = room.standing.spent(instance, at);
    room.slots.spent(instance, before, spentNanoUsd);
    const crossing = {
      instance,
      window: windowAt(instance.window, at),
      spentNanoUsd,
      spentBeforeNanoUsd: before,
      already: room.standing.already(instance, at, before),
      at: now,
      attribution,
      attemptId,
    };
    events.push(...crossings(crossing));
    if (settlement.receipt.status === 'unpriced' && isNews(room, instance, at)) events.push(unpricedEvent(crossing));
  }
  return events;
}

function isNews(room: Room, instance: BudgetInstance, at: EpochMs): boolean {
  return !room.standing.events(instance, at).some(({ kind }) => kind === 'unpriced');
}

function announce(room: Room, bill: Bill, settlement: Settlement): void {
  const { usage } = settlement;
  const cacheWrite = (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0);
  room.emit({
    kind: 'settlement',
    attribution: { ...settlement.attribution, provider: settlement.provider, model: settlement.model },
    receipt: settlement.receipt,
    outcome: settlement.status,
    tokens: {
      input: usage.inputTokens,
      cached_read: usage.cachedReadTokens ?? 0,
      cache_write: cacheWrite,
      output: usage.outputTokens,
      reasoning: usage.reasoningTokens ?? 0,
    },
    owned: bill.instances.length > 0,
  });
}

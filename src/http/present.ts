/** Domain values as they go over the wire: snake_case, money as decimal strings, instants as ISO 8601. */
import type { z } from 'zod';
import type { AlertEvent } from '../domain/alert.ts';
import { divideRounded } from '../domain/money.ts';
import type { Receipt } from '../domain/receipt.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Window } from '../domain/window.ts';
import type { BudgetView } from '../enforce/enforcer.ts';
import type { HoldRecord, UsageRow } from '../ledger/ledger.ts';
import { thresholdLabel } from '../telemetry/names.ts';
import type { alertSchema, budgetInstanceSchema, holdSchema, receiptSchema, usageReplySchema } from './replies.ts';

export function instant(at: EpochMs): string {
  return new Date(at).toISOString();
}

function presentWindow(window: Window): { start: string; end: string } {
  return { start: instant(window.start), end: instant(window.end) };
}

export function presentReceipt(receipt: Receipt): z.infer<typeof receiptSchema> {
  return {
    catalogue: receipt.catalogue,
    source: receipt.source,
    provider: receipt.provider,
    model: receipt.model,
    status: receipt.status,
    priced_at: instant(receipt.pricedAt),
    modifiers: [...receipt.modifiers],
    lines: receipt.lines.map((line) => ({
      unit: line.unit,
      class: line.class,
      quantity: line.quantity,
      nano_usd_per_million: line.nanoUsdPerMillion.toString(),
    })),
    notes: receipt.notes && [...receipt.notes],
    cost: receipt.costNanoUsd.toString(),
  };
}

export function presentHold(hold: HoldRecord): z.infer<typeof holdSchema> {
  const { state } = hold;
  const unresolved = state.state === 'unresolved' ? hold.amountNanoUsd : hold.remainderNanoUsd;
  return {
    attempt_id: hold.attemptId,
    call_id: hold.callId,
    session: hold.session,
    provider: hold.provider,
    model: hold.model,
    attribution: hold.attribution,
    amount: hold.amountNanoUsd.toString(),
    unresolved: unresolved.toString(),
    admitted_at: instant(hold.admittedAt),
    state: state.state,
    unresolved_since: state.state === 'unresolved' ? instant(state.since) : undefined,
    reason: state.state === 'unresolved' ? state.reason : undefined,
    slice: hold.slice && {
      granted: hold.slice.grantedNanoUsd.toString(),
      told: hold.slice.splitNanoUsd.toString(),
      valid_until: instant(hold.slice.validUntil),
      closed: hold.slice.drawnNanoUsd !== undefined,
    },
    accounts: hold.demands.map(({ budget, instance: account, amountNanoUsd }) => ({
      budget,
      account,
      amount: amountNanoUsd.toString(),
    })),
  };
}

export function presentBudget(view: BudgetView): z.infer<typeof budgetInstanceSchema> {
  const { instance } = view;
  return {
    budget: instance.budget.name,
    instance: instance.key,
    labels: instance.labels,
    owner: instance.owner,
    shadow: instance.shadow,
    window: presentWindow(view.window),
    state: view.state,
    limit: instance.limitNanoUsd.toString(),
    cap: view.capNanoUsd?.toString(),
    spent: view.spentNanoUsd.toString(),
    reserved: view.reservedNanoUsd.toString(),
    unresolved: view.unresolvedNanoUsd.toString(),
    thresholds: crossings(view).map(({ threshold, crossed }) => ({
      at: `${thresholdLabel(threshold.atBasisPoints)}%`,
      amount: divideRounded(instance.limitNanoUsd * BigInt(threshold.atBasisPoints), 10_000n, 'up').toString(),
      severity: threshold.severity,
      action: threshold.action,
      crossed,
    })),
    open_alerts: view.openAlerts,
  };
}

/** Each threshold of an instance and whether its share of the limit is spent. */
export function crossings({ instance, crossed }: BudgetView) {
  return instance.thresholds.map((threshold) => ({
    threshold,
    crossed: crossed.some((mark) => mark.atBasisPoints === threshold.atBasisPoints && mark.crossed),
  }));
}

export function presentUsageRow(row: UsageRow): z.infer<typeof usageReplySchema>['items'][number] {
  return {
    group: row.group,
    cost: row.costNanoUsd.toString(),
    calls: row.calls,
    input_tokens: row.inputTokens,
    cached_read_tokens: row.cachedReadTokens,
    cache_write_tokens: row.cacheWriteTokens,
    output_tokens: row.outputTokens,
    reasoning_tokens: row.reasoningTokens,
    unpriced_calls: row.unpricedCalls,
    estimated_calls: row.estimatedCalls,
  };
}

export function presentAlert(event: AlertEvent): z.infer<typeof alertSchema> {
  return {
    id: event.id,
    kind: event.kind,
    budget: event.budget,
    instance: event.instance,
    labels: event.labels,
    window: presentWindow(event.window),
    threshold: event.thresholdBasisPoints > 0 ? `${thresholdLabel(event.thresholdBasisPoints)}%` : undefined,
    severity: event.severity,
    state: event.state,
    owner: event.owner,
    notify: [...event.notify],
    limit: event.limitNanoUsd.toString(),
    spent: event.spentNanoUsd.toString(),
    action: event.action,
    shadow: event.shadow,
    attempt_id: event.attemptId,
    created_at: instant(event.createdAt),
  };
}

/** What the demo reads from the control server, by the same routes as anybody. Amounts are nano-USD. */
import type { Bill } from './provider.ts';

export interface BudgetNow {
  name: string;
  owner: string;
  state: 'ok' | 'soft' | 'hard';
  limit: bigint;
  /** Absent: nothing stops it. */
  cap?: bigint;
  spent: bigint;
  reserved: bigint;
  unresolved: bigint;
  /** In percent of the limit. */
  thresholds: number[];
}

export interface Alert {
  id: string;
  kind: 'threshold' | 'denied' | 'unpriced';
  budget: string;
  threshold?: string;
  severity: string;
  owner: string;
  limit: bigint;
  spent: bigint;
}

type Json = Record<string, string> & { thresholds: { at: string }[]; group: Record<string, string>; calls: number };

export async function readBudgets(server: string): Promise<BudgetNow[]> {
  return (await items(server, '/v1/budgets')).map((item) => ({
    name: item.budget!,
    owner: item.owner!,
    state: item.state as BudgetNow['state'],
    limit: BigInt(item.limit!),
    ...(item.cap !== undefined && { cap: BigInt(item.cap) }),
    spent: BigInt(item.spent!),
    reserved: BigInt(item.reserved!),
    unresolved: BigInt(item.unresolved!),
    thresholds: item.thresholds.map(({ at }) => Number.parseFloat(at)),
  }));
}

export async function readAlerts(server: string): Promise<Alert[]> {
  return (await items(server, '/v1/alerts')).map((item) => ({
    id: item.id!,
    kind: item.kind as Alert['kind'],
    budget: item.budget!,
    ...(item.threshold !== undefined && { threshold: item.threshold }),
    severity: item.severity!,
    owner: item.owner!,
    limit: BigInt(item.limit!),
    spent: BigInt(item.spent!),
  }));
}

/** What the ledger has booked since `from`, by service. */
export async function readUsage(server: string, from: Date): Promise<Map<string, Bill>> {
  const tomorrow = new Date(Date.now() + 24 * 3_600_000);
  const period = `from=${from.toISOString()}&to=${tomorrow.toISOString()}`;
  const rows = await items(server, `/v1/usage?group_by=service&${period}`);
  return new Map(rows.map(({ group, calls, cost }) => [group.service ?? '', { calls, nanoUsd: BigInt(cost!) }]));
}

/** What is held for attempts of which nobody knows what became. */
export async function readUnresolved(server: string): Promise<bigint> {
  const holds = await items(server, '/v1/reservations?state=unresolved');
  return holds.reduce((sum, { unresolved }) => sum + BigInt(unresolved!), 0n);
}

/** All pages of a list. */
async function items(server: string, path: string): Promise<Json[]> {
  const found: Json[] = [];
  for (let cursor: string | undefined; ; ) {
    const url = new URL(path, server);
    if (cursor !== undefined) url.searchParams.set('cursor', cursor);
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const body = (await response.json()) as { items: Json[]; next?: string; detail?: string };
    if (!response.ok) throw new Error(`${path}: ${response.status} ${body.detail ?? ''}`);
    found.push(...body.items);
    if (body.next === undefined) return found;
    cursor = body.next;
  }
}

import pino from 'pino';
import { onTestFinished } from 'vitest';
import type { Config, Role, TokenEntry } from '../../src/config/config.ts';
import type { Attribution } from '../../src/domain/attribution.ts';
import type { Budget, BudgetInstance } from '../../src/domain/budget.ts';
import { parseUsd } from '../../src/domain/money.ts';
import type { Receipt } from '../../src/domain/receipt.ts';
import type { BudgetView, Enforcer, Happening, Principal } from '../../src/enforce/enforcer.ts';
import { createServer, type ServerOptions, type SpendfuseServer } from '../../src/http/server.ts';
import type { HoldRecord } from '../../src/ledger/ledger.ts';
import type { ReservationRequest, SettlementRequest, SliceClose, SliceWant } from '../../src/protocol/wire.ts';

export const NOW = Date.UTC(2026, 10, 15, 12);

export const reservation: ReservationRequest = {
  attempt_id: '0193a001',
  call_id: '0193c001',
  session: 'session-1',
  provider: 'openai',
  model: 'gpt-4.1',
  bound: { input_tokens: 5120, output_tokens: 800 },
  attribution: { team: 'support', service: 'support-api' },
};

export const settlementBody = {
  usage: { input_tokens: 1200, cached_read_tokens: 1024, output_tokens: 340 },
  measured: true,
  status: 'ok',
} as const;

export const settlement: SettlementRequest = {
  ...settlementBody,
  attempt_id: '0193a001',
  call_id: '0193c001',
  session: 'session-1',
  provider: 'openai',
  model: 'gpt-4.1',
  attribution: { team: 'support' },
  admitted_at: '2026-11-15T12:00:00.000Z',
  end: 'settled',
};

export const want: SliceWant = { slice: 'slice-1', slot: 'slot-1', amount: '5000', at_least: '10' };
export const close: SliceClose = { session: 'session-1', slice: 'slice-1', drawn: '5000' };

export const receipt: Receipt = {
  catalogue: 'genai-prices 0.1.8',
  source: 'genai-prices',
  provider: 'openai',
  model: 'gpt-4.1',
  status: 'exact',
  pricedAt: NOW,
  modifiers: [],
  lines: [
    { unit: 'input_mtok', class: 'input', quantity: 176, nanoUsdPerMillion: 2_000_000_000n },
    { unit: 'cache_read_mtok', class: 'cached_read', quantity: 1024, nanoUsdPerMillion: 500_000_000n },
    { unit: 'output_mtok', class: 'output', quantity: 340, nanoUsdPerMillion: 8_000_000_000n },
  ],
  costNanoUsd: 3_584_000n,
};

export const hold: HoldRecord = {
  attemptId: '0193a001',
  callId: '0193c001',
  session: 'session-1',
  digest: 'd',
  provider: 'openai',
  model: 'gpt-4.1',
  attribution: { team: 'support' },
  amountNanoUsd: 16_640_000n,
  admittedAt: NOW,
  demands: [],
  remainderNanoUsd: 0n,
  state: { state: 'unresolved', since: NOW + 30_000, reason: 'session silent' },
};

export function budget(name: string, changes: Partial<Budget> = {}): Budget {
  return {
    name,
    match: {},
    per: [],
    overrides: [],
    maxInstances: 100,
    limitNanoUsd: parseUsd('100'),
    window: { kind: 'calendar', unit: 'month', zone: 'UTC' },
    thresholds: [
      { atBasisPoints: 8000, notify: [], severity: 'warning' },
      { atBasisPoints: 10_000, notify: [], severity: 'critical', action: 'block' },
    ],
    whenUnreachable: 'block',
    holds: 'strict',
    shadow: false,
    owner: 'support',
    ...changes,
  };
}

export function view(of: Budget, labels: Attribution, spent: string, changes: Partial<BudgetView> = {}): BudgetView {
  const key = [of.name, ...Object.values(labels)].join('/');
  const instance: BudgetInstance = { ...of, budget: of, key, account: key, labels };
  const spentNanoUsd = parseUsd(spent);
  return {
    instance,
    window: { start: Date.UTC(2026, 10, 1), end: Date.UTC(2026, 11, 1) },
    state: 'ok',
    spentNanoUsd,
    reservedNanoUsd: 0n,
    unresolvedNanoUsd: 0n,
    capNanoUsd: of.limitNanoUsd,
    crossed: of.thresholds.map(({ atBasisPoints }) => ({
      atBasisPoints,
      crossed: spentNanoUsd * 10_000n >= of.limitNanoUsd * BigInt(atBasisPoints),
    })),
    openAlerts: 0,
    ...changes,
  };
}

export function config(changes: Partial<Config> = {}): Config {
  return { budgets: [], metrics: { labels: [], topInstances: 2 }, ...changes } as Config;
}

export interface Fake extends Enforcer {
  /** Method and arguments of every call that could change something. */
  calls: { method: string; principal: Principal; args: unknown[] }[];
  happen(happening: Happening): void;
  listeners: number;
}

/** An enforcer that grants and books everything, and remembers what it was asked. */
export function fakeEnforcer(overrides: Partial<Enforcer> = {}): Fake {
  const listeners = new Set<(happening: Happening) => void>();
  const calls: Fake['calls'] = [];
  const note = (method: string, principal: Principal, ...args: unknown[]) => calls.push({ method, principal, args });
  const rules = {
    version: 'r1',
    admission: 'server',
    when_unreachable: 'block',
    unreachable_allowance: '0',
    max_wait_ms: 5000,
  } as const;
  const time = new Date(NOW).toISOString();
  const fake: Fake = {
    calls,
    get listeners() {
      return listeners.size;
    },
    happen: (happening) => {
      for (const listener of listeners) listener(happening);
    },
    readiness: () => ({ ready: true, reasons: [] }),
    async openSession({ session }, principal) {
      note('openSession', principal, session);
      return { session, heartbeat_ms: 8000, server_time: time, rules, rate_cards: [] };
    },
    async heartbeat(session, request, principal) {
      note('heartbeat', principal, session, request);
      return { server_time: time };
    },
    async endSession(session, principal) {
      note('endSession', principal, session);
      return { ended: true };
    },
    async reserve(request, principal) {
      note('reserve', principal, request);
      const granted = { hold: request.attempt_id, decision: 'allow', amount: '16640000', expires_at: time } as const;
      return { granted, replayed: false };
    },
    async settle(attemptId, body, principal) {
      note('settle', principal, attemptId, body);
      return { costNanoUsd: receipt.costNanoUsd, receipt, replayed: false };
    },
    async settleMany(requests, principal) {
      note('settleMany', principal, requests);
      return {
        results: requests.settlements.map(({ attempt_id }) => ({ attempt_id, outcome: 'settled', cost: '3584000' })),
      };
    },
    async release(attemptId, principal) {
      note('release', principal, attemptId);
      return { outcome: 'released' };
    },
    async writeOff(attemptId, reason, principal) {
      note('writeOff', principal, attemptId, reason);
      return { outcome: 'released' };
    },
    budgets: async () => [],
    usage: async () => [],
    alerts: async () => ({ items: [] }),
    unresolved: async () => [hold],
    sessionCount: () => 3,
    async confirmClock(principal) {
      note('confirmClock', principal);
      return { now: NOW };
    },
    reload: async () => {},
    config: () => config(),
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {},
  };
  return Object.assign(fake, overrides);
}

export function tokenEntry(name: string, role: Role): TokenEntry {
  return { name, role, secret: { env: name.toUpperCase() }, pins: {} };
}

/** Secrets are `<name>-secret`. */
export function lookup(entries: readonly TokenEntry[]) {
  const bySecret = new Map(entries.map((entry) => [`${entry.name}-secret`, entry]));
  return (secret: string) => bySecret.get(secret);
}

export const silent = pino({ level: 'silent' });

/** Log lines as objects. */
export function memoryLog(level = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { log, lines };
}

/** A server on a free port of 127.0.0.1, closed when the test ends. */
export async function serve(
  options: Partial<ServerOptions> = {},
): Promise<{ server: SpendfuseServer; url: string; enforcer: Fake }> {
  const enforcer = (options.enforcer as Fake | undefined) ?? fakeEnforcer();
  const server = createServer({
    log: silent,
    version: '0.0.0-test',
    clock: () => NOW,
    graceMs: 200,
    ...options,
    enforcer,
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  return { server, url, enforcer };
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  } as RequestInit);
}

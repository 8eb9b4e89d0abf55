import type { AlertEvent } from '../../src/domain/alert.ts';
import type {
  AccountDemand,
  Ledger,
  Posting,
  ReserveOutcome,
  ReserveRequest,
  SettleRequest,
  SplitRequest,
} from '../../src/ledger/ledger.ts';

/** 2026-11-01T00:00Z and December's: the month that most cases live in. */
export const NOVEMBER = { start: Date.UTC(2026, 10, 1), end: Date.UTC(2026, 11, 1) };
export const DECEMBER = { start: NOVEMBER.end, end: Date.UTC(2027, 0, 1) };
export const T0 = Date.UTC(2026, 10, 22, 9);

type AccountTerms = Partial<AccountDemand> & { instance?: string };

export function demand(amountNanoUsd: bigint, capNanoUsd: bigint, terms: AccountTerms = {}): AccountDemand {
  const window = terms.window ?? NOVEMBER;
  const instance = terms.instance ?? 'team-month|support';
  return {
    instance,
    budget: instance.split('|')[0]!,
    window,
    since: window.start,
    ...terms,
    amountNanoUsd,
    capNanoUsd,
  };
}

export function posting(amountNanoUsd: bigint, terms: Partial<Posting> = {}): Posting {
  const { capNanoUsd: _, ...rest } = demand(amountNanoUsd, 0n, terms);
  return rest;
}

const attempt = (attemptId: string) => ({
  attemptId,
  callId: `call of ${attemptId}`,
  session: 'session-1',
  digest: 'as asked first',
  provider: 'openai',
  model: 'gpt-4.1',
  attribution: { team: 'support', service: 'support-api' },
});

export function reserve(
  attemptId: string,
  demands: AccountDemand[],
  more: Partial<ReserveRequest> = {},
): ReserveRequest {
  const [amountNanoUsd = 0n] = demands.map((each) => each.amountNanoUsd).sort((a, b) => (a > b ? -1 : 1));
  return { ...attempt(attemptId), amountNanoUsd, demands, expiresAt: T0 + 600_000, ...more };
}

/** `cost` posts to the default account unless `postings` say otherwise. */
export function settle(attemptId: string, cost: bigint, more: Partial<SettleRequest> = {}): SettleRequest {
  return {
    ...attempt(attemptId),
    admittedAt: T0,
    usage: { inputTokens: 1200, cachedReadTokens: 1024, outputTokens: 340 },
    source: 'measured',
    status: 'ok',
    receipt: {
      catalogue: 'test 1',
      source: 'genai-prices',
      provider: 'openai',
      model: 'gpt-4.1',
      status: 'exact',
      pricedAt: T0,
      modifiers: [],
      lines: [{ unit: 'output_mtok', class: 'output', quantity: 340, nanoUsdPerMillion: 8_000_000_000n }],
      costNanoUsd: cost,
    },
    postings: [posting(cost)],
    remainderNanoUsd: 0n,
    ...more,
  };
}

/** A slice of the default account, valid for five seconds. */
export function slice(id: string, amount: bigint, terms: AccountTerms = {}, cap = 1000n): ReserveRequest {
  return reserve(id, [demand(amount, cap, terms)], { slice: { validUntil: T0 + 5_000 }, expiresAt: T0 + 30_000 });
}

/** An attempt that drew from slices; its worst case is `amountNanoUsd`, the largest draw unless said otherwise. */
export function split(
  attemptId: string,
  draws: Record<string, bigint>,
  more: Partial<SplitRequest> = {},
): SplitRequest {
  const [amountNanoUsd = 0n] = Object.values(draws).sort((a, b) => (a > b ? -1 : 1));
  const drawn = { draws: drawsOf(draws), admittedAt: T0, expiresAt: T0 + 600_000 };
  return { ...attempt(attemptId), amountNanoUsd, ...drawn, ...more };
}

/** A settlement of an attempt that drew from slices. */
export function settleDrawn(
  attemptId: string,
  cost: bigint,
  draws: Record<string, bigint>,
  more: Partial<SettleRequest> = {},
): SettleRequest {
  const holdNanoUsd = split(attemptId, draws).amountNanoUsd;
  return settle(attemptId, cost, { split: { draws: drawsOf(draws), holdNanoUsd }, ...more });
}

const drawsOf = (draws: Record<string, bigint>) =>
  Object.entries(draws).map(([slice, amountNanoUsd]) => ({ slice, amountNanoUsd }));

export async function holdOf(ledger: Ledger, id: string) {
  return (await ledger.holds([id]))[0]!;
}

export function event(id: string, more: Partial<AlertEvent> = {}): AlertEvent {
  return {
    id,
    kind: 'threshold',
    budget: 'team-month',
    instance: 'team-month|support',
    labels: { team: 'support' },
    window: NOVEMBER,
    thresholdBasisPoints: 9000,
    severity: 'warning',
    state: 'soft',
    owner: 'support',
    notify: ['finance'],
    limitNanoUsd: 5_000_000_000_000n,
    spentNanoUsd: 4_500_000_000_001n,
    shadow: false,
    createdAt: T0,
    ...more,
  };
}

export async function reserveOne(ledger: Ledger, request: ReserveRequest, now = T0): Promise<ReserveOutcome> {
  return (await ledger.reserveMany([request], now))[0]!;
}

export async function settleOne(ledger: Ledger, request: SettleRequest, now = T0) {
  return (await ledger.settleMany([request], now))[0]!;
}

/** Spent, held, unresolved of the account, or of the default one. */
export async function balanceOf(ledger: Ledger, instance = 'team-month|support', window = NOVEMBER): Promise<bigint[]> {
  const accounts = await ledger.accounts(0);
  const found = accounts.find(
    (a) => a.instance === instance && a.window.start === window.start && a.window.end === window.end,
  );
  return found ? [found.spentNanoUsd, found.heldNanoUsd, found.unresolvedNanoUsd] : [0n, 0n, 0n];
}

/** A hold of 10 brought into the state by the ledger's own operations. */
export const STATES = {
  none: async () => {},
  held: async (ledger: Ledger) => {
    await reserveOne(ledger, reserve('a', [demand(10n, 100n)]));
  },
  unresolved: async (ledger: Ledger) => {
    await STATES.held(ledger);
    await ledger.lose({ attemptIds: ['a'] }, 'session silent', T0);
  },
  settled: async (ledger: Ledger) => {
    await STATES.held(ledger);
    await settleOne(ledger, settle('a', 7n));
  },
  'settled with a remainder': async (ledger: Ledger) => {
    await STATES.held(ledger);
    await settleOne(ledger, settle('a', 7n, { source: 'estimated', remainderNanoUsd: 2n }));
  },
  released: async (ledger: Ledger) => {
    await STATES.held(ledger);
    await ledger.releaseMany(['a'], T0);
  },
  'written off': async (ledger: Ledger) => {
    await STATES.unresolved(ledger);
    await ledger.writeOff(['a'], 'ops', 'provider says no', T0);
  },
  'released and settled late': async (ledger: Ledger) => {
    await STATES.released(ledger);
    await settleOne(ledger, settle('a', 7n));
  },
  'written off and settled late': async (ledger: Ledger) => {
    await STATES['written off'](ledger);
    await settleOne(ledger, settle('a', 7n));
  },
  'settled with a remainder, written off': async (ledger: Ledger) => {
    await STATES['settled with a remainder'](ledger);
    await ledger.writeOff(['a'], 'ops', 'provider says no', T0);
  },
} satisfies Record<string, (ledger: Ledger) => Promise<void>>;

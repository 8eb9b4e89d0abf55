/**
 * Defects, each put in between a correct product and its ledger or its lease. They are what a wrong ledger, server or client
 * would do; the judge below them has to notice, from the provider's count and from the books.
 */
import type { Lease } from '../../src/client/lease/lease.ts';
import { MAX_NANO_USD } from '../../src/domain/money.ts';
import type {
  AccountDemand,
  Ledger,
  ReserveOutcome,
  ReserveRequest,
  SettleOutcome,
  SettleRequest,
} from '../../src/ledger/ledger.ts';
import type { WorldOptions } from './world.ts';

export interface Mutation extends Pick<WorldOptions, 'mutate' | 'mutateLease'> {
  name: string;
  /** What the judge says. */
  noticed: RegExp;
}

const OVERSHOT = /was granted though|the provider billed|in the ledger, and/;
const FREED = /was released, and the provider had billed it|neither held, unresolved nor settled|had been released/;
const LEAKED = /are billed; it holds/;

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a reserve that looks at the balances, and grants later what fitted then',
    noticed: OVERSHOT,
    mutate: (ledger, world) => ({
      ...ledger,
      async reserveMany(requests, now) {
        const looked = await Promise.all(requests.map((request) => refusalOf(ledger, request)));
        await world.time.pause(3);
        const outcomes: ReserveOutcome[] = [];
        for (const [index, request] of requests.entries()) {
          const demands = request.demands.map((demand) => ({ ...demand, capNanoUsd: MAX_NANO_USD - 1n }));
          outcomes.push(looked[index] ?? (await ledger.reserveMany([{ ...request, demands }], now))[0]!);
        }
        return outcomes;
      },
    }),
  },
  {
    name: 'a settlement that is booked twice when it comes twice',
    noticed: /booked 2 times|which nobody made|more was settled/,
    mutate: (ledger) => ({
      ...ledger,
      async settleMany(requests: readonly SettleRequest[], now) {
        const outcomes = await ledger.settleMany(requests, now);
        const again = requests.filter((_, index) => outcomes[index]!.outcome === 'duplicate');
        const renamed = again.map((request) => ({ ...request, attemptId: `${request.attemptId}'` }));
        await ledger.settleMany(renamed, now);
        return outcomes;
      },
    }),
  },
  {
    name: 'a settlement that is refused because its hold was released or written off before',
    noticed: /was refused as conflict|cannot be settled: .*409/,
    mutate: (ledger) => ({
      ...ledger,
      async settleMany(requests: readonly SettleRequest[], now) {
        const holds = await ledger.holds(requests.map(({ attemptId }) => attemptId));
        const isClosed = (index: number) => {
          const hold = holds[index];
          return hold?.state.state === 'released' || hold?.state.state === 'written_off';
        };
        const open = requests.filter((_, index) => !isClosed(index));
        const booked = await ledger.settleMany(open, now);
        return requests.map((_, index): SettleOutcome => {
          return isClosed(index) ? { outcome: 'conflict', reason: 'the hold was closed' } : booked.shift()!;
        });
      },
    }),
  },
  {
    name: 'holds of a session that fell silent are released',
    noticed: FREED,
    mutate: (ledger) => ({
      ...ledger,
      async lose(selector, reason, now) {
        if (!('sessions' in selector)) return ledger.lose(selector, reason, now);
        const held = (await ledger.openHolds()).filter(({ state }) => state.state === 'held');
        const lost = held.filter(({ session, slice }) => !slice && selector.sessions.includes(session));
        const ids = lost.map(({ attemptId }) => attemptId);
        await ledger.releaseMany(ids, now);
        return [...lost, ...(await ledger.lose(selector, reason, now))];
      },
    }),
  },
  {
    name: 'unresolved money does not count against the cap',
    noticed: OVERSHOT,
    mutate: (ledger) => ({
      ...ledger,
      async reserveMany(requests, now) {
        const wider = requests.map(async (request) => {
          const demands = request.demands.map(async (demand) => {
            const { unresolvedNanoUsd } = await balanceOf(ledger, demand);
            return { ...demand, capNanoUsd: demand.capNanoUsd + unresolvedNanoUsd };
          });
          return { ...request, demands: await Promise.all(demands) };
        });
        return ledger.reserveMany(await Promise.all(wider), now);
      },
    }),
  },
  {
    name: 'a slice that is returned in full though it was drawn from',
    noticed: LEAKED,
    mutate: (ledger) => ({
      ...ledger,
      closeSlices: (closes, now) => {
        const undrawn = closes.map(({ slice }) => ({ slice, drawnNanoUsd: 0n }));
        return ledger.closeSlices(undrawn, now);
      },
    }),
  },
  {
    name: 'slices that do not count as held',
    noticed: OVERSHOT,
    mutate: (ledger) => ({
      ...ledger,
      async reserveMany(requests, now) {
        const slices = (await ledger.openHolds()).filter(({ slice, state }) => slice && state.state === 'held');
        const leased = (instance: string): bigint => {
          const own = slices.filter(({ demands }) => demands[0]?.instance === instance);
          return own.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n);
        };
        const wider = requests.map((request) => {
          const demands = request.demands.map((demand) => {
            return { ...demand, capNanoUsd: demand.capNanoUsd + leased(demand.instance) };
          });
          return { ...request, demands };
        });
        return ledger.reserveMany(wider, now);
      },
    }),
  },
  {
    name: 'slices of a session that fell silent are free at once',
    noticed: LEAKED,
    mutate: (ledger) => ({
      ...ledger,
      async lose(selector, reason, now) {
        const lost = await ledger.lose(selector, reason, now);
        const slices = lost.filter(({ slice }) => slice !== undefined).map(({ attemptId }) => attemptId);
        await ledger.writeOff(slices, 'nobody', reason, now);
        return lost;
      },
    }),
  },
  {
    name: 'a slice that is drawn from after its window',
    noticed: /after its end/,
    mutateLease: (lease) =>
      changed(lease, {
        answered: (ask, granted, now) => {
          const longer = granted.map((slice) => ({ ...slice, valid_ms: 10 * slice.valid_ms }));
          lease.answered(ask, longer, now);
        },
      }),
  },
  {
    name: 'an attempt that draws less than its worst case',
    noticed: /, less than \d/,
    mutateLease: (lease) =>
      changed(lease, {
        admit: (what, now) => {
          const { inputTokens, outputTokens = 0 } = what.bound;
          return lease.admit({ ...what, bound: { inputTokens, outputTokens: Math.floor(outputTokens / 2) } }, now);
        },
      }),
  },
  {
    name: 'draws that are put back though the attempt is sent',
    noticed: /drawn from beyond what was granted|are billed; it holds/,
    mutateLease: (lease) =>
      changed(lease, {
        admit: (what, now) => {
          const local = lease.admit(what, now);
          if (local) lease.putBack(local.draws);
          return local;
        },
        putBack: () => true,
      }),
  },
];

/** A lease with some of its methods replaced; its private state stays its own. */
function changed(lease: Lease, methods: Partial<Lease>): Lease {
  return new Proxy(lease, {
    get(target, name) {
      const method: unknown = methods[name as keyof Lease] ?? Reflect.get(target, name);
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

type Refused = Extract<ReserveOutcome, { outcome: 'exhausted' | 'contended' }>;

async function refusalOf(ledger: Ledger, request: ReserveRequest): Promise<Refused | undefined> {
  for (const demand of request.demands) {
    const balance = await balanceOf(ledger, demand);
    const firm = balance.spentNanoUsd + balance.unresolvedNanoUsd + demand.amountNanoUsd;
    if (firm > demand.capNanoUsd) return { outcome: 'exhausted', demand, balance };
    if (firm + balance.heldNanoUsd > demand.capNanoUsd) return { outcome: 'contended', demand, balance };
  }
  return undefined;
}

async function balanceOf(ledger: Ledger, { instance, window, since }: AccountDemand) {
  const sum = { spentNanoUsd: 0n, heldNanoUsd: 0n, unresolvedNanoUsd: 0n };
  const isRolling = since < window.start;
  for (const account of await ledger.accounts(since)) {
    if (account.instance !== instance || (!isRolling && account.window.start !== window.start)) continue;
    sum.spentNanoUsd += account.spentNanoUsd;
    sum.heldNanoUsd += account.heldNanoUsd;
    sum.unresolvedNanoUsd += account.unresolvedNanoUsd;
  }
  return sum;
}

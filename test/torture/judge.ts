/**
 * The verdict on a run: what the provider billed against what the ledger holds. Pure, so that it can be judged itself.
 *
 *   settled ≤ provider ≤ settled + unresolved, and of every answer that was seen whole: settled = provider
 *
 * Each service is judged apart, so that one's surplus hides nobody's want.
 */
import type { Billed } from './provider.ts';

export interface Settled {
  attemptId: string;
  responseId?: string;
  client: string;
  measured: boolean;
  costNanoUsd: bigint;
  overageNanoUsd: bigint;
  unknownHold: boolean;
}

export interface OpenHold {
  attemptId: string;
  client: string;
  /** `settled`: as an estimate; what it may have missed is what stays open. */
  state: 'held' | 'unresolved' | 'settled';
  openNanoUsd: bigint;
}

export interface Evidence {
  /** By team, and of everything together under ``. */
  capsNanoUsd: ReadonlyMap<string, bigint>;
  billed: readonly Billed[];
  settled: readonly Settled[];
  open: readonly OpenHold[];
  /** Calls that their callers know to be broken, aborted or left. */
  brokenCalls: number;
  clientsKilled: boolean;
  /** Overshoot is a mistake, not a figure. */
  strict: boolean;
}

export interface Verdict {
  providerNanoUsd: bigint;
  settledNanoUsd: bigint;
  unresolvedNanoUsd: bigint;
  /** The largest of all caps. */
  overshootNanoUsd: bigint;
  /** Empty when everything holds. */
  problems: string[];
}

export function judge(evidence: Evidence): Verdict {
  const { billed, settled, open } = evidence;
  const problems: string[] = [];
  const overshootNanoUsd = judgeCaps(evidence, problems);
  judgeMeasured(evidence, problems);
  judgeEstimated(evidence, problems);
  judgeServices(evidence, problems);
  judgeHolds(evidence, problems);
  return {
    providerNanoUsd: sum(billed.map(({ nanoUsd }) => BigInt(nanoUsd))),
    settledNanoUsd: sum(settled.map(({ costNanoUsd }) => costNanoUsd)),
    unresolvedNanoUsd: sum(open.map(({ openNanoUsd }) => openNanoUsd)),
    overshootNanoUsd,
    problems,
  };
}

function judgeCaps({ capsNanoUsd, billed, strict }: Evidence, problems: string[]): bigint {
  let worst = 0n;
  for (const [team, cap] of capsNanoUsd) {
    const own = billed.filter((one) => team === '' || one.team === team);
    const over = sum(own.map(({ nanoUsd }) => BigInt(nanoUsd))) - cap;
    if (over > worst) worst = over;
    if (over > 0n && strict) problems.push(`the cap of ${team || 'everything'} is overshot by ${over} nano-USD`);
  }
  return worst;
}

/** Every measured settlement is one answer of the provider, to the nano-dollar, and no answer is settled twice. */
function judgeMeasured({ billed, settled, clientsKilled }: Evidence, problems: string[]): void {
  const byId = new Map(billed.map((one) => [one.id, one]));
  const seen = new Set<string>();
  for (const { attemptId, responseId = '', measured, costNanoUsd } of settled) {
    const one = byId.get(responseId);
    // At nothing: it was given up as lost, and its owner said afterwards that it was never sent.
    if (measured && !one && costNanoUsd > 0n)
      problems.push(`attempt ${attemptId} is settled as measured, and the provider knows no answer`);
    if (measured && one && BigInt(one.nanoUsd) !== costNanoUsd)
      problems.push(`answer ${responseId} cost ${one.nanoUsd} and was settled at ${costNanoUsd}`);
    if (one && seen.has(responseId)) problems.push(`answer ${responseId} is settled twice`);
    seen.add(responseId);
  }
  if (clientsKilled) return;
  const measured = new Set(settled.flatMap((one) => (one.measured && one.responseId ? [one.responseId] : [])));
  const missed = billed.filter(({ id, mayBreak }) => !mayBreak && !measured.has(id));
  for (const { id, client } of missed.slice(0, 5)) problems.push(`answer ${id} to ${client} was never settled`);
  if (missed.length > 5) problems.push(`… and ${missed.length - 5} more answers were never settled`);
}

/** What was seen of a broken answer is no more than it cost, and the rest of it is kept open. */
function judgeEstimated({ billed, settled, open }: Evidence, problems: string[]): void {
  const byId = new Map(billed.map((one) => [one.id, one]));
  const openOf = new Map(open.map(({ attemptId, openNanoUsd }) => [attemptId, openNanoUsd]));
  for (const { attemptId, responseId = '', measured, costNanoUsd } of settled) {
    const one = byId.get(responseId);
    if (measured || !one) continue;
    const most = costNanoUsd + (openOf.get(attemptId) ?? 0n);
    if (costNanoUsd > BigInt(one.nanoUsd) || BigInt(one.nanoUsd) > most)
      problems.push(`broken answer ${responseId} cost ${one.nanoUsd}, not between ${costNanoUsd} and ${most}`);
  }
}

function judgeServices({ billed, settled, open }: Evidence, problems: string[]): void {
  for (const client of new Set([...billed, ...settled, ...open].map((one) => one.client))) {
    const provider = sum(billed.filter((one) => one.client === client).map(({ nanoUsd }) => BigInt(nanoUsd)));
    const booked = sum(settled.filter((one) => one.client === client).map(({ costNanoUsd }) => costNanoUsd));
    const unresolved = sum(open.filter((one) => one.client === client).map(({ openNanoUsd }) => openNanoUsd));
    if (booked <= provider && provider <= booked + unresolved) continue;
    problems.push(`${client}: settled ${booked}, provider ${provider}, unresolved ${unresolved}`);
  }
}

function judgeHolds({ settled, open, brokenCalls, clientsKilled }: Evidence, problems: string[]): void {
  const ownerless = open.filter(({ state }) => state === 'held');
  if (ownerless.length > 0) problems.push(`${ownerless.length} holds have no owner and are not unresolved`);
  const over = settled.filter(({ overageNanoUsd }) => overageNanoUsd > 0n);
  for (const { attemptId, overageNanoUsd } of over.slice(0, 5))
    problems.push(`attempt ${attemptId} cost ${overageNanoUsd} nano-USD more than its hold`);
  const unknown = settled.filter(({ unknownHold }) => unknownHold).length;
  if (unknown > 0) problems.push(`${unknown} settlements had no hold`);
  if (!clientsKilled && open.length > brokenCalls)
    problems.push(`${open.length} holds are open, and only ${brokenCalls} calls were broken`);
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

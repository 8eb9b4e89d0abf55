/**
 * What no ledger accepts, whatever it is built on: a caller's bug, thrown as `RangeError` before anything is queued.
 * Bodies from outside were validated at the edge; this guards the arithmetic and the 64-bit columns behind it.
 */
import { DIMENSIONS, SERVED_DIMENSIONS, type UsageDimension } from '../domain/attribution.ts';
import type { Draw } from '../domain/lease.ts';
import { MAX_NANO_USD, type NanoUsd } from '../domain/money.ts';
import type { EpochMs } from '../domain/time.ts';
import { USAGE_COUNT_KEYS, type Usage } from '../domain/usage.ts';
import { sameAccount } from './holds.ts';
import type { AccountDemand, AccountRef, Posting, ReserveRequest, SettleRequest, SplitRequest } from './ledger.ts';

export function checkTime(name: string, time: EpochMs): void {
  if (!Number.isSafeInteger(time) || time < 0) throw new RangeError(`${name} ${time} is not a whole millisecond`);
}

export function checkReserve(request: ReserveRequest): void {
  checkAttempt(request.attemptId);
  checkAmount(request.attemptId, request.amountNanoUsd);
  checkTime(`${request.attemptId}: expiresAt`, request.expiresAt);
  for (const demand of request.demands) checkDemand(request.attemptId, demand);
  checkDistinct(request.attemptId, request.demands);
  if (request.slice) checkSlice(request);
}

function checkSlice({ attemptId, slice, demands, amountNanoUsd }: ReserveRequest): void {
  checkTime(`${attemptId}: validUntil`, slice!.validUntil);
  if (demands.length === 1 && demands[0]!.amountNanoUsd === amountNanoUsd) return;
  throw new RangeError(`${attemptId}: a slice has one demand, of its whole amount`);
}

export function checkSplit(request: SplitRequest): void {
  checkAttempt(request.attemptId);
  checkAmount(request.attemptId, request.amountNanoUsd);
  checkTime(`${request.attemptId}: expiresAt`, request.expiresAt);
  checkTime(`${request.attemptId}: admittedAt`, request.admittedAt);
  checkDraws(request.attemptId, request.draws);
}

function checkDraws(attemptId: string, draws: readonly Draw[]): void {
  for (const { slice, amountNanoUsd } of draws) {
    checkAttempt(slice);
    checkAmount(`${attemptId}: draw from ${slice}`, amountNanoUsd);
  }
}

export function checkClose({ slice, drawnNanoUsd }: { slice: string; drawnNanoUsd: NanoUsd }): void {
  checkAttempt(slice);
  checkAmount(`close of ${slice}`, drawnNanoUsd);
}

export function checkDemand(attemptId: string, demand: AccountDemand): void {
  checkAmount(attemptId, demand.amountNanoUsd);
  if (demand.capNanoUsd >= MAX_NANO_USD) {
    throw new RangeError(`${attemptId}: cap ${demand.capNanoUsd} of ${demand.instance} is not below ${MAX_NANO_USD}`);
  }
  checkAccount(attemptId, demand);
}

export function checkSettle(request: SettleRequest): void {
  checkAttempt(request.attemptId);
  checkTime(`${request.attemptId}: admittedAt`, request.admittedAt);
  checkAmount(request.attemptId, request.receipt.costNanoUsd);
  checkAmount(request.attemptId, request.remainderNanoUsd);
  if (request.split) {
    checkAmount(request.attemptId, request.split.holdNanoUsd);
    checkDraws(request.attemptId, request.split.draws);
  }
  checkUsage(request.attemptId, request.usage);
  for (const posting of request.postings) checkPosting(request.attemptId, posting);
  checkDistinct(request.attemptId, request.postings);
}

function checkUsage(of: string, usage: Usage): void {
  for (const key of USAGE_COUNT_KEYS) {
    const count = usage[key] ?? 0;
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`${of}: ${key} ${count} is not a count`);
  }
}

export function checkPosting(of: string, posting: Posting): void {
  checkAmount(of, posting.amountNanoUsd);
  checkAccount(of, posting);
}

export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError(`limit ${limit} is not a positive whole number`);
}

const GROUPS: readonly UsageDimension[] = [...DIMENSIONS, ...SERVED_DIMENSIONS];

export function checkGroupBy(groupBy: readonly UsageDimension[]): void {
  const stranger = groupBy.find((dimension) => !GROUPS.includes(dimension));
  if (stranger !== undefined) throw new RangeError(`"${stranger}" is no dimension; use ${GROUPS.join(', ')}`);
}

/** A cursor as `Page.next` gave it, or the beginning. */
export function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,15}$/.test(cursor)) throw new RangeError(`"${cursor}" is not a cursor of this ledger`);
  return Number(cursor);
}

function checkAttempt(attemptId: string): void {
  if (attemptId.length === 0 || attemptId.length > 256) {
    throw new RangeError(`an attempt id has 1 to 256 characters, not ${attemptId.length}`);
  }
}

function checkAmount(of: string, amount: NanoUsd): void {
  if (amount < 0n) throw new RangeError(`${of}: amount ${amount} is negative`);
  if (amount >= MAX_NANO_USD) throw new RangeError(`${of}: amount ${amount} is not below ${MAX_NANO_USD}`);
}

function checkAccount(of: string, { instance, window, since }: AccountRef): void {
  for (const time of [window.start, window.end, since]) {
    if (!Number.isSafeInteger(time)) throw new RangeError(`${of}: ${time} in account ${instance} is no millisecond`);
  }
  if (window.end <= window.start) throw new RangeError(`${of}: the window of account ${instance} is empty`);
}

/** One by one: there are few, and keys of their times as text would take longer to make. */
function checkDistinct(of: string, accounts: readonly AccountRef[]): void {
  for (let index = 1; index < accounts.length; index += 1) {
    for (let before = 0; before < index; before += 1) {
      if (sameAccount(accounts[index]!, accounts[before]!)) throw new RangeError(`${of}: names the same account twice`);
    }
  }
}

/** What a session of the lease load says of its n-th lease: three slices of 80, five attempts that draw 10 and cost 7. */
import type { ReserveRequest, SettleRequest, SplitRequest } from '../../../src/ledger/ledger.ts';
import { settleDrawn, slice, split } from '../../conformance/fixtures.ts';

const INSTANCES = ['team|support', 'org|', 'service|api'];
export const DRAWN = 50n;
export const SPENT = 35n;

export const slicesOf = (lease: number): string[] => INSTANCES.map((instance) => `${lease} ${instance}`);
export const attemptsOf = (lease: number): string[] => [1, 2, 3, 4, 5].map((n) => `${lease} attempt ${n}`);

export function grantsOf(lease: number): ReserveRequest[] {
  return INSTANCES.map((instance, index) => {
    return { ...slice(slicesOf(lease)[index]!, 80n, { instance }, 10n ** 15n), session: `session ${lease}` };
  });
}

const drawsOf = (lease: number) => Object.fromEntries(slicesOf(lease).map((id) => [id, 10n]));

export const splitOf = (attempt: string, lease: number): SplitRequest => split(attempt, drawsOf(lease));

export const settlementOf = (attempt: string, lease: number): SettleRequest =>
  settleDrawn(attempt, 7n, drawsOf(lease), { postings: [] });

export const closesOf = (lease: number) => slicesOf(lease).map((slice) => ({ slice, drawnNanoUsd: DRAWN }));

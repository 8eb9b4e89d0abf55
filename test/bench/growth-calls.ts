/** What the ledger's thread is asked in this bench, as its link would send it: six budgets, three of them per customer. */
import { encodeBody, encodeDemands, encodePostings } from '../../src/ledger/codec.ts';
import { reserveOp, settleOp } from '../../src/ledger/convert.ts';
import { usageSums } from '../../src/ledger/totals.ts';
import { demand, posting, reserve, settle } from '../conformance/fixtures.ts';

const SHARED = ['organization|', 'team-month|support', 'service-day|support-api'];
const OF_CUSTOMER = ['customer-month', 'customer-day', 'customer-hour'];
export const PER_CUSTOMER = OF_CUSTOMER.length;
const CAP = 10n ** 17n;

const instancesOf = (customer: number): string[] => [
  ...SHARED,
  ...OF_CUSTOMER.map((budget) => `${budget}|customer-${customer.toString().padStart(6, '0')}`),
];

type IdOf = (customer: number, index: number) => string;

export function reservations(customers: readonly number[], idOf: IdOf) {
  return customers.map((customer, index) => {
    const demands = instancesOf(customer).map((instance) => demand(10n, CAP, { instance }));
    const op = reserveOp(reserve(idOf(customer, index), demands), JSON.stringify);
    return { ...op, demands: encodeDemands(op.demands) };
  });
}

export function settlements(customers: readonly number[], idOf: IdOf) {
  return customers.map((customer, index) => {
    const postings = instancesOf(customer).map((instance) => posting(7n, { instance }));
    const request = settle(idOf(customer, index), 7n, { postings });
    const op = settleOp(request, JSON.stringify, { body: encodeBody(request), sums: usageSums(request) });
    return { ...op, postings: encodePostings(op.postings) };
  });
}

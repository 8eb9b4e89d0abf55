import type { Alert, BudgetNow } from '../../demo/api.ts';
import type { Found } from '../../demo/counts.ts';
import { type Fare, SERVICES } from '../../demo/services.ts';

export const budgetNow = (overrides: Partial<BudgetNow> = {}): BudgetNow => ({
  name: 'staging-day',
  owner: 'evaluation',
  state: 'ok',
  limit: 250_000_000n,
  cap: 250_000_000n,
  spent: 0n,
  reserved: 0n,
  unresolved: 0n,
  thresholds: [50, 75, 90, 100],
  ...overrides,
});

export const alert = (overrides: Partial<Alert> = {}): Alert => ({
  id: 'al_1',
  kind: 'threshold',
  budget: 'support-month',
  threshold: '75%',
  severity: 'warning',
  owner: 'support',
  limit: 220_000_000n,
  spent: 170_000_000n,
  ...overrides,
});

export const fare = (overrides: Partial<Fare> = {}): Fare => ({
  refused: 0,
  undecided: 0,
  exhausted: false,
  ...overrides,
});

const told = (budget: string, denied: boolean): Alert[] => [
  ...['50%', '75%', '90%'].map((threshold) => alert({ id: `${budget} ${threshold}`, budget, threshold })),
  ...(denied ? [alert({ id: `${budget} denied`, budget, kind: 'denied' })] : []),
];

/** A run in which all went well. */
export function wellEnded(): Found {
  const bills = new Map([
    ['support', { calls: 44, nanoUsd: 280_000_001n }],
    ['nightly-eval', { calls: 50, nanoUsd: 246_000_000n }],
    ['research-agent', { calls: 240, nanoUsd: 997_000_000n }],
  ]);
  return {
    services: SERVICES,
    bills,
    usage: new Map(bills),
    budgets: [
      budgetNow({ name: 'support-month', state: 'soft', limit: 220_000_000n, cap: undefined, spent: 280_000_001n }),
      budgetNow({ name: 'staging-day', state: 'hard', spent: 246_000_000n }),
      budgetNow({ name: 'research-day', state: 'hard', limit: 10n ** 9n, cap: 10n ** 9n, spent: 997_000_000n }),
    ],
    alerts: [...told('support-month', false), ...told('staging-day', true), ...told('research-day', true)],
    fares: new Map([
      ['support', fare()],
      ['nightly-eval', fare({ refused: 1, exhausted: true })],
      ['research-agent', fare({ refused: 40, exhausted: true })],
    ]),
    unresolvedNanoUsd: 0n,
  };
}

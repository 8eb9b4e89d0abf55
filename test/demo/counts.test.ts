import { describe, expect, it } from 'vitest';
import { count, countsJson, type Found, faults } from '../../demo/counts.ts';
import { textOf, widthOf } from '../../demo/view/line.ts';
import { summary } from '../../demo/view/summary.ts';
import { budgetNow, fare, wellEnded } from './fixtures.ts';

const spoilt = (spoil: (found: Found) => Partial<Found>) => {
  const found = wellEnded();
  return count({ ...found, ...spoil(found) });
};

const withFare = (name: string, overrides: Parameters<typeof fare>[0]) =>
  spoilt((found) => ({ fares: new Map([...found.fares, [name, fare(overrides)]]) }));

const overspent = 250_000_003n;

describe('the counts', () => {
  it('find no fault where both counts agree and every service met its fate', () => {
    expect(faults(count(wellEnded()))).toEqual([]);
  });

  const cases: [string, ReturnType<typeof count>, string[]][] = [
    [
      'a nano-dollar that the ledger missed',
      spoilt(({ usage }) => ({ usage: new Map([...usage, ['support', { calls: 44, nanoUsd: 280_000_000n }]]) })),
      ['the ledger booked 1523000000 nano-dollars, the provider 1523000001', 'the counts of support differ'],
    ],
    [
      'spend that the ledger booked for nobody known',
      spoilt(({ usage }) => ({ usage: new Map([...usage, ['', { calls: 1, nanoUsd: 7n }]]) })),
      ['the ledger booked 1523000008 nano-dollars, the provider 1523000001'],
    ],
    [
      'counts that differ twice and agree in total',
      spoilt(({ usage }) => ({
        usage: new Map([
          ...usage,
          ['nightly-eval', { calls: 50, nanoUsd: 246_000_001n }],
          ['research-agent', { calls: 240, nanoUsd: 996_999_999n }],
        ]),
      })),
      ['the counts of nightly-eval differ', 'the counts of research-agent differ'],
    ],
    ['money that nobody accounted for', spoilt(() => ({ unresolvedNanoUsd: 12n })), ['12 nano-dollars are unresolved']],
    [
      'a cap overshot by the ledger',
      spoilt(({ budgets }) => ({ budgets: [budgets[0]!, budgetNow({ spent: overspent }), budgets[2]!] })),
      ['caps were overshot by 3 nano-dollars'],
    ],
    [
      'a cap overshot by the provider alone',
      spoilt(({ bills }) => ({ bills: new Map([...bills, ['nightly-eval', { calls: 50, nanoUsd: overspent }]]) })),
      [
        'the ledger booked 1523000001 nano-dollars, the provider 1527000004',
        'caps were overshot by 3 nano-dollars',
        'the counts of nightly-eval differ',
      ],
    ],
    [
      'a threshold that nobody was told of',
      spoilt(({ alerts }) => ({ alerts: alerts.filter(({ id }) => id !== 'support-month 75%') })),
      ['support-month told nobody of 75%'],
    ],
    [
      'a cap that nobody was told of',
      spoilt(({ alerts }) => ({ alerts: alerts.filter(({ id }) => id !== 'research-day denied') })),
      ['research-day told nobody that it is hard'],
    ],
    [
      'a soft budget that stopped calls',
      withFare('support', { refused: 2 }),
      ['support was refused 2 calls under a soft budget'],
    ],
    [
      'a cap that was never met',
      withFare('nightly-eval', { refused: 3 }),
      ['nightly-eval was never refused by staging-day'],
    ],
    [
      'a service that crashed',
      withFare('research-agent', { refused: 40, exhausted: true, ending: 'exit code 1' }),
      ['research-agent ended with exit code 1'],
    ],
  ];
  it.each(cases)('name %s', (_name, counts, expected) => {
    expect(faults(counts)).toEqual(expected);
    expect(summary(counts).map(textOf).join('\n')).toContain(`  ✗ ${expected[0]}`);
  });

  it('are one line of JSON with integers', () => {
    expect(countsJson(count(wellEnded()))).toBe(
      '{"ledger_nano_usd":1523000001,"provider_nano_usd":1523000001,"unresolved_nano_usd":0,"overshoot_nano_usd":0,"refused":41}',
    );
  });

  it('fail loudly when a budget of the demo is missing', () => {
    expect(() => spoilt(({ budgets }) => ({ budgets: budgets.slice(1) }))).toThrow('no budget "support-month"');
  });
});

describe('the summary', () => {
  it('shows both counts to the nano-dollar in 80 columns', () => {
    const lines = summary(count(wellEnded()));
    expect(lines.map(textOf)).toContainEqual(
      '  support             44    $0.280000001    $0.280000001            0        0',
    );
    expect(lines.map(textOf).at(-2)).toContain('Ledger and provider agree to the nano-dollar: 334 calls billed');
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
  });

  it('tells how many calls waited for a decision', () => {
    const lines = summary(withFare('nightly-eval', { refused: 1, exhausted: true, undecided: 5 })).map(textOf);
    expect(lines).toContainEqual(expect.stringContaining('5 more calls were not sent while nobody could decide'));
  });
});

import { describe, expect, it } from 'vitest';
import { SERVICES } from '../../demo/services.ts';
import { bar, percent } from '../../demo/view/bar.ts';
import { type Happening, tell } from '../../demo/view/happening.ts';
import { clip, paint, textOf, widthOf, wrap } from '../../demo/view/line.ts';
import { dollars, exactDollars } from '../../demo/view/money.ts';
import { clock, type PanelState, panel } from '../../demo/view/panel.ts';
import { urlLines } from '../../demo/view/urls.ts';
import { alert, budgetNow, fare } from './fixtures.ts';

describe('a bar', () => {
  const soft = { limit: 100n, cap: undefined };
  const cases: [string, Parameters<typeof budgetNow>[0], string][] = [
    ['is a track with its thresholds while nothing is spent', { ...soft }, '··········┊····┊··┊· '],
    ['has a wall where its budget stops calls', { limit: 100n, cap: 100n }, '··········┊····┊··┊·┃'],
    ['is exact to an eighth of a cell', { ...soft, spent: 33n }, '██████▌···┊····┊··┊· '],
    ['shows what is reserved after what is spent', { ...soft, spent: 30n, reserved: 15n }, '██████▒▒▒·┊····┊··┊· '],
    ['shows what is unresolved as reserved', { ...soft, spent: 30n, unresolved: 15n }, '██████▒▒▒·┊····┊··┊· '],
    ['is full when its limit is spent', { ...soft, spent: 100n }, '████████████████████ '],
    ['stays full when a soft limit is passed', { ...soft, spent: 170n, reserved: 9n }, '████████████████████ '],
    ['is full when there is no limit to spend', { limit: 0n, cap: undefined }, '████████████████████ '],
  ];
  it.each(cases)('%s', (_name, budget, expected) => {
    expect(textOf(bar(budgetNow(budget), 20))).toBe(expected);
  });

  it('takes the colour of its state', () => {
    const colors = (['ok', 'soft', 'hard'] as const).map((state) => bar(budgetNow({ state, spent: 1n }), 20)[0]![0]);
    expect(colors).toEqual(['green', 'yellow', 'red']);
  });

  it('says 100 % only when it is true', () => {
    expect(percent(budgetNow({ limit: 1000n, spent: 999n }))).toBe('99 %');
    expect(percent(budgetNow({ limit: 1000n, spent: 1300n }))).toBe('130 %');
    expect(percent(budgetNow({ limit: 0n }))).toBe('–');
  });
});

describe('money', () => {
  it('is cut to three places for the eye, and whole for the count', () => {
    expect(dollars(249_999_999n)).toBe('$0.249');
    expect(exactDollars(1_000_000_001n)).toBe('$1.000000001');
    expect(exactDollars(-5n)).toBe('-$0.000000005');
  });
});

const state = (overrides: Partial<PanelState> = {}): PanelState => ({
  elapsedMs: 67_400,
  server: { url: 'http://127.0.0.1:4319', up: true },
  doing: 'three services run into their budgets',
  rows: SERVICES.map((service) => ({
    service,
    budget: budgetNow({ name: service.budget, spent: 123_000_000n, reserved: 9_000_000n }),
    bill: { calls: 240, nanoUsd: 1n },
    fare: fare({ refused: service.fate === 'stopped' ? 40 : 0 }),
    running: true,
  })),
  ...overrides,
});

describe('the panel', () => {
  it.each([80, 100, 200])('fits into %i columns with nothing cut off', (columns) => {
    for (const line of panel(state(), columns)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  it('shows each budget with its service, its bar and its figures', () => {
    const text = panel(state(), 80).map(textOf).join('\n');
    expect(text).toContain('staging-day    ▸ nightly-eval: @anthropic-ai/sdk');
    expect(text).toMatch(/240 calls · 40 refused$/m);
    expect(text).toMatch(/█+▏▒+[·┊]+┃ {3}49 % {2}\$0\.123 of \$0\.250 {2}ok$/m);
  });

  it('says when the server is away', () => {
    const [heading] = panel(state({ server: { url: '', up: false } }), 80);
    expect(textOf(heading!)).toContain('○ server away');
    expect(heading).toContainEqual(['red', '○ server away']);
  });

  it('shows minutes and seconds', () => {
    expect([0, 9_999, 67_400].map(clock)).toEqual(['0:00', '0:09', '1:07']);
  });
});

describe('what happens', () => {
  const cases: [string, Happening, string][] = [
    [
      'a threshold',
      { kind: 'alert', alert: alert(), told: 'support-oncall' },
      '  3.2s ▲ support-month   75 % of $0.220 is spent (warning) → support-oncall',
    ],
    [
      'a cap that is met',
      { kind: 'alert', alert: alert({ kind: 'denied', spent: 219_000_000n }), told: 'support-oncall' },
      '  3.2s ■ support-month   hard: $0.219 of $0.220, no call fits → support-oncall',
    ],
    [
      'a model without a price',
      { kind: 'alert', alert: alert({ kind: 'unpriced' }), told: 'support-oncall' },
      '  3.2s ▲ support-month   a model without a price → support-oncall',
    ],
    ['a refusal', { kind: 'refused', service: 'nightly-eval', message: 'no' }, '  3.2s ✕ nightly-eval    no'],
    [
      'a page',
      { kind: 'page', receiver: 'eval-oncall', message: 'Budget staging-day is at its hard limit' },
      '  3.2s » eval-oncall     page: Budget staging-day is at its hard limit',
    ],
    ['the server', { kind: 'server', up: false, message: 'killed' }, '  3.2s ✕ server          killed'],
  ];
  it.each(cases)('is one line: %s', (_name, happening, expected) => {
    expect(tell(happening, 3_240, 80).map(textOf)).toEqual([expected]);
  });

  it('is wrapped under itself where it is long', () => {
    const message = 'word '.repeat(30).trim();
    const lines = tell({ kind: 'refused', service: 'support', message }, 3_240, 80).map(textOf);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^ {25}word/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('is one line of any length where nothing is drawn', () => {
    const message = 'word '.repeat(100).trim();
    expect(tell({ kind: 'done', service: 'support', message }, 0, Number.POSITIVE_INFINITY)).toHaveLength(1);
  });
});

describe('lines', () => {
  it('are cut by what is seen, not by their colours', () => {
    const line = clip(
      [
        ['red', '██'],
        ['bold', 'abc'],
        ['dim', 'xyz'],
      ],
      4,
    );
    expect(paint(line, true)).toBe('\x1b[31m██\x1b[39m\x1b[1mab\x1b[22m');
    expect(paint(line, false)).toBe('██ab');
  });

  it('wrap at words and keep a word that is too long', () => {
    expect(wrap('a bb ccc http://127.0.0.1:4319 d', 6)).toEqual(['a bb', 'ccc', 'http://127.0.0.1:4319', 'd']);
  });

  it('name Prometheus only where it runs', () => {
    const urls = { server: 'http://s' };
    expect(urlLines(urls).map(textOf).join('\n')).not.toContain('Prometheus');
    expect(urlLines({ ...urls, prometheus: 'http://m' }).map(textOf)).toContain('  Prometheus    http://m/alerts');
  });
});

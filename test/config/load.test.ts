import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { instanceOf } from '../../src/domain/instance.ts';
import { parseUsd } from '../../src/domain/money.ts';
import { budgetText, configOf, errorsOf, files, loadBeside, loadText, textOf, warningsOf } from './files.ts';

const HOUR = 3_600_000;

function search(fields: string, top = '') {
  return configOf(budgetText(fields, top)).budgets[0]!;
}

describe('the files that ship', () => {
  it('load without an error or a warning', () => {
    const path = `${import.meta.dirname}/../../rules/budgets.yaml`;
    const result = loadConfig({ path });
    expect([...errorsOf(result), ...warningsOf(result)]).toEqual([]);
    const minimal = loadBeside('good/minimal.yaml');
    expect([...errorsOf(minimal), ...warningsOf(minimal)]).toEqual([]);
  });

  it('include the example of the design page', () => {
    const tree = { 'budgets.yaml': textOf('good/design.yaml'), 'teams/a.yaml': '# nobody yet' };
    const result = loadConfig({ path: 'budgets.yaml', ...files(tree) });
    expect([...errorsOf(result), ...warningsOf(result)]).toEqual([]);
    if (!result.ok) return;
    const [budget] = result.config.budgets;
    expect(budget).toMatchObject({
      ownerBy: 'team',
      owner: 'platform',
      whenUnreachable: 'allow',
      maxInstances: 10_000,
    });
    expect(result.config.owners.get('support')?.budget).toEqual({ id: 'support-lead', receiver: 'support-lead' });
    const terms = budget?.overrides[0]?.terms;
    expect(terms?.window).toEqual({ kind: 'calendar', unit: 'month', zone: 'Asia/Shanghai' });
    expect(terms?.thresholds?.map((one) => [one.atBasisPoints, one.action])).toEqual([
      [5000, undefined],
      [7000, undefined],
      [7500, undefined],
      [8000, 'pause'],
      [9000, 'downgrade'],
      [10_000, 'block'],
    ]);
  });
});

describe('money is read from its text, never through a float', () => {
  it.each([
    ['0.1', 100_000_000n],
    ['1_000', 1_000_000_000_000n],
    ['"1000"', 1_000_000_000_000n],
    ['5000.50', 5_000_500_000_000n],
    ['0.000000001', 1n],
    ['999999999.999999999', 999_999_999_999_999_999n],
    ['0100', 100_000_000_000n],
  ])('limit: %s', (text, nano) => {
    expect(search(`owner: support\nwindow: day\nlimit: ${text}\nsoft: [50%]`).limitNanoUsd).toBe(nano);
  });
});

describe('windows', () => {
  const utc = { kind: 'calendar', zone: 'UTC' };
  it.each([
    ['hour', { ...utc, unit: 'hour' }],
    ['quarter', { ...utc, unit: 'quarter' }],
    ['{ week: { start_weekday: sunday } }', { ...utc, unit: 'week', startWeekday: 7 }],
    ['{ month: { start_day: 15 } }', { ...utc, unit: 'month', startDay: 15 }],
    ['{ quarter: { start_month: 2 } }', { ...utc, unit: 'quarter', startMonth: 2 }],
    ['{ year: { start_month: 4 } }', { ...utc, unit: 'year', startMonth: 4 }],
    ['{ year: { start_month: 4, start_day: 6 } }', { ...utc, unit: 'year', startMonth: 4, startDay: 6 }],
    ['{ rolling: 24h }', { kind: 'rolling', durationMs: 24 * HOUR, bucketMs: HOUR }],
    ['{ rolling: 1h }', { kind: 'rolling', durationMs: HOUR, bucketMs: 60_000 }],
    ['{ rolling: 30d }', { kind: 'rolling', durationMs: 720 * HOUR, bucketMs: 24 * HOUR }],
    ['{ rolling: 61m }', { kind: 'rolling', durationMs: 61 * 60_000, bucketMs: 60_000 }],
  ])('window: %s', (text, expected) => {
    expect(search(`owner: support\nlimit: 5\nsoft: [50%]\nwindow: ${text}`).window).toEqual(expected);
  });

  it('run in the zone of the override, else of the budget, else of the defaults', () => {
    const text = `owner: support
window: day
limit: 5
soft: [50%]
per: team
timezone: Europe/Berlin
overrides:
  - { match: { team: a }, timezone: Asia/Tokyo }
  - { match: { team: b }, window: week }
  - { match: { team: c }, limit: 7 }`;
    const budget = search(text, 'defaults: { timezone: America/New_York }');
    expect(budget.window).toMatchObject({ zone: 'Europe/Berlin' });
    expect(budget.overrides.map(({ terms }) => terms.window)).toEqual([
      { kind: 'calendar', unit: 'day', zone: 'Asia/Tokyo' },
      { kind: 'calendar', unit: 'week', zone: 'Europe/Berlin' },
      undefined,
    ]);
    expect(
      search('owner: support\nwindow: day\nlimit: 5\nsoft: [50%]', 'defaults: { timezone: Asia/Tokyo }').window,
    ).toMatchObject({
      zone: 'Asia/Tokyo',
    });
  });
});

describe('thresholds', () => {
  const shares = (fields: string, top?: string) =>
    search(`owner: support\nwindow: day\nlimit: 5\n${fields}`, top).thresholds.map((one) => [
      one.atBasisPoints / 100,
      one.action ?? 'tell',
      one.severity,
    ]);
  const SOFT = 'defaults: { soft: [50%, 80%] }';

  it.each([
    [
      'come from the defaults',
      '',
      SOFT,
      [
        [50, 'tell', 'info'],
        [80, 'tell', 'warning'],
      ],
    ],
    ['of the budget replace those of the defaults', 'soft: [60%]', SOFT, [[60, 'tell', 'info']]],
    ['are switched off by an empty list', 'soft: []\nhard: block', SOFT, [[100, 'block', 'critical']]],
    [
      'take the place of an inherited one at the same share',
      'thresholds: [{ at: 80%, action: pause }]',
      SOFT,
      [
        [50, 'tell', 'info'],
        [80, 'pause', 'critical'],
      ],
    ],
    [
      'accept the short and the long form of hard',
      'soft: []\nhard: { action: pause, at: 95% }',
      SOFT,
      [[95, 'pause', 'critical']],
    ],
    [
      'downgrade at 90% unless told otherwise',
      'thresholds: [{ action: downgrade, max_output_tokens: 9 }]\nhard: block',
      '',
      [
        [90, 'downgrade', 'warning'],
        [100, 'block', 'critical'],
      ],
    ],
    [
      'keep fractions of a percent',
      'soft: [0.5%, 33.33%, 99.99%]',
      '',
      [
        [0.5, 'tell', 'info'],
        [33.33, 'tell', 'info'],
        [99.99, 'tell', 'warning'],
      ],
    ],
    [
      'keep the severity that is written',
      'thresholds: [{ at: 10%, severity: critical }]',
      '',
      [[10, 'tell', 'critical']],
    ],
    [
      'may share a place when their conditions differ',
      'thresholds: [{ at: 80%, when: { workflow: batch }, action: pause }, { at: 80% }]',
      '',
      [
        [80, 'pause', 'critical'],
        [80, 'tell', 'warning'],
      ],
    ],
  ])('%s', (_, fields, top, expected) => {
    expect(shares(fields, top)).toEqual(expected);
  });

  it('of an override replace the forms that it says and keep the others', () => {
    const budget = search(`owner: support
window: day
limit: 5
per: team
soft: [50%]
hard: block
overrides:
  - { match: { team: a }, hard: { action: pause, at: 90% } }
  - { match: { team: b }, soft: [70%], thresholds: [{ at: 80%, action: block }] }`);
    const shown = budget.overrides.map(({ terms }) => terms.thresholds?.map((one) => [one.atBasisPoints, one.action]));
    expect(shown).toEqual([
      [
        [5000, undefined],
        [9000, 'pause'],
      ],
      [
        [7000, undefined],
        [8000, 'block'],
      ],
    ]);
  });

  it('that stop calls close the budget when the server is away, unless it says otherwise', () => {
    const base = 'owner: support\nwindow: day\nlimit: 5\n';
    expect(search(`${base}soft: [50%]`).whenUnreachable).toBe('allow');
    expect(search(`${base}hard: block`).whenUnreachable).toBe('block');
    expect(search(`${base}hard: block\nwhen_unreachable: allow`).whenUnreachable).toBe('allow');
    const overridden = search(`${base}per: team\nsoft: [50%]\noverrides: [{ match: { team: a }, hard: block }]`);
    expect(overridden.overrides[0]?.terms.whenUnreachable).toBe('block');
  });
});

describe('owners', () => {
  const owner = (text: string) => configOf(`owners:\n  ${text}\n`).owners.get('support');
  it.each([
    ['support:', { id: 'support', receiver: 'support' }],
    ['support: {}', { id: 'support', receiver: 'support' }],
    ['support: support-slack', { id: 'support-slack', receiver: 'support-slack' }],
    ['support: { service: support-slack }', { id: 'support-slack', receiver: 'support-slack' }],
    ['support: { service: { id: a@b.c } }', { id: 'a@b.c', receiver: 'a@b.c' }],
    ['support: { service: { id: a@b.c, receiver: slack } }', { id: 'a@b.c', receiver: 'slack' }],
  ])('%s', (text, service) => {
    expect(owner(text)?.service).toEqual(service);
  });

  it('are reached through their own service contact where another names them', () => {
    const config = configOf(
      'defaults: { owners: { platform: ops, finance: money } }\nowners:\n  support: { backup: ops }\n  ops: { service: { id: ops@x.y, receiver: pager } }',
    );
    expect(config.owners.get('support')?.backup).toEqual({ id: 'ops@x.y', receiver: 'pager' });
    expect(config.defaultOwners.platform).toEqual({ id: 'ops@x.y', receiver: 'pager' });
    expect(config.owners.get('finance')?.service).toEqual({ id: 'money', receiver: 'money' });
  });

  it('of a budget come from defaults.owner when it names none', () => {
    expect(search('window: day\nlimit: 5\nsoft: [50%]', 'defaults: { owner: finance }').owner).toBe('finance');
  });
});

describe('how much is held', () => {
  it.each([
    ['', 'strict', undefined],
    ['holds: strict', 'strict', undefined],
    ['holds: { expected: p50 }', { expectedBasisPoints: 5000 }, undefined],
    ['holds: { expected: p99 }', { expectedBasisPoints: 9900 }, undefined],
    ['holds: { expected: p99.9 }', { expectedBasisPoints: 9990 }, undefined],
    ['clamp_output: true', 'strict', 256],
    ['clamp_output: false', 'strict', undefined],
    ['clamp_output: { at_least: 1_000 }', 'strict', 1000],
  ])('%s', (terms, holds, clampOutputTokens) => {
    const budget = search(`owner: support\nwindow: day\nlimit: 5\nhard: block\n${terms}`);
    expect([budget.holds, budget.clampOutputTokens]).toEqual([holds, clampOutputTokens]);
  });

  it('is what the override says where one matches, and clamping can be taken back', () => {
    const budget = search(
      'owner: support\nwindow: day\nlimit: 5\nhard: block\nper: team\nclamp_output: true\n' +
        'overrides: [{ match: { team: batch }, holds: { expected: p95 }, clamp_output: false }]',
    );
    const of = (team: string) => instanceOf(budget, { team }, () => false);
    expect(of('batch')).toMatchObject({ holds: { expectedBasisPoints: 9500 } });
    expect(of('batch')).not.toHaveProperty('clampOutputTokens');
    expect(of('chat')).toMatchObject({ holds: 'strict', clampOutputTokens: 256 });
  });
});

describe('the rest', () => {
  it('has documented defaults', () => {
    expect(configOf('budgets: []')).toMatchObject({
      unmatched: 'allow',
      leases: true,
      ceiling: {
        inputNanoUsdPerMillion: parseUsd('30'),
        outputNanoUsdPerMillion: parseUsd('180'),
        maxOutputTokens: 128_000,
      },
      maxWaitMs: 5_000,
      maxCallDurationMs: 600_000,
      unreachableAllowanceNanoUsd: parseUsd('1'),
      metrics: { labels: [], topInstances: 100 },
    });
  });

  it('reads tokens, prices, limits, routes and labels', () => {
    const config = configOf(`
tokens:
  - { name: ci, role: client, secret_env: CI_TOKEN, pins: { team: search }, may_assert: [customer], max_share: 12.5% }
  - { name: ops, role: operator, secret_file: secrets/ops }
prices:
  - { provider: openai, model: 'gpt-4.1*', from: 2026-01-01, until: 2027-01-01T00:00:00+01:00, input: 2.00, cached_read: 0.5, cache_write_5m: 2.5, cache_write_1h: 4, output: 8, web_searches_per_thousand: 10 }
limits: { max_wait: 0s, unreachable_allowance: 0 }
routes: { approved: openai/* }
metrics: { labels: [customer], allow_unbounded: true }
unmatched: deny
leases: false
`);
    expect(config.tokens).toEqual([
      {
        name: 'ci',
        role: 'client',
        secret: { env: 'CI_TOKEN' },
        pins: { team: 'search' },
        mayAssert: ['customer'],
        maxShareBasisPoints: 1250,
      },
      { name: 'ops', role: 'operator', secret: { file: 'secrets/ops' }, pins: {} },
    ]);
    expect(config.prices).toEqual([
      {
        provider: 'openai',
        model: 'gpt-4.1*',
        from: Date.UTC(2026, 0, 1),
        until: Date.UTC(2026, 11, 31, 23),
        nanoUsdPerMillion: {
          input_mtok: parseUsd('2'),
          cache_read_mtok: parseUsd('0.5'),
          cache_write_mtok: parseUsd('2.5'),
          cache_write_1h_mtok: parseUsd('4'),
          output_mtok: parseUsd('8'),
          web_searches_kcount: parseUsd('10000'),
        },
      },
    ]);
    expect(config).toMatchObject({
      maxWaitMs: 0,
      unreachableAllowanceNanoUsd: 0n,
      approvedRoutes: ['openai/*'],
      unmatched: 'deny',
      leases: false,
    });
    expect(config.metrics.labels).toEqual(['customer']);
  });

  it('follows anchors and merge keys within bounds, with places in what is written', () => {
    const merged = search(
      'owner: support\n<<: { window: day, limit: 0.10 }\nsoft: &s [50%]\nper: team\noverrides: [{ match: { team: a }, soft: *s }]',
    );
    expect(merged).toMatchObject({ limitNanoUsd: 100_000_000n, window: { unit: 'day' } });
    const wrong = loadText('x: &b { name: a, owner: o, window: day, limit: -1 }\nbudgets:\n  - *b\n');
    expect(errorsOf(wrong)).toContain('budgets.yaml:1 budget "a": limit -1 is negative; use an amount above 0');
  });

  it('takes an empty section as absent and a byte order mark as nothing', () => {
    expect(configOf('\uFEFFprices:\ntokens:\nbudgets:\n')).toMatchObject({ prices: [], tokens: [], budgets: [] });
  });

  it('ends the list of findings where nobody would read on', () => {
    const many = Array.from({ length: 700 }, (_, index) => `key${index}: 1`).join('\n');
    const errors = errorsOf(loadText(many));
    expect(errors).toHaveLength(501);
    expect(errors.at(-1)).toContain('more than 500 findings; mend these first');
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { resolveTokens, tokenLookup } from '../../src/config/secrets.ts';
import { NANO_PER_USD, parseUsd } from '../../src/domain/money.ts';
import { createEnforcer } from '../../src/enforce/create.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { configOf } from '../config/files.ts';
import { memoryLog, NOW, post, reservation, serve, settlement, settlementBody } from './fixtures.ts';

const YAML = `
tokens:
  - { name: support, role: client, secret_env: SUPPORT_TOKEN, pins: { team: support } }
  - { name: search, role: client, secret_env: SEARCH_TOKEN, pins: { team: search } }
  - { name: ops, role: operator, secret_env: OPS_TOKEN }
  - { name: prometheus, role: metrics, secret_env: METRICS_TOKEN }
owners:
  support: { backup: platform }
budgets:
  - name: team-month
    per: [team]
    owner: support
    window: month
    limit: 0.05
    soft: [50%]
    hard: { action: block }
`;
const env = {
  SUPPORT_TOKEN: 'support-secret-0123456789',
  SEARCH_TOKEN: 'search-secret-0123456789',
  OPS_TOKEN: 'ops-secret-0123456789',
  METRICS_TOKEN: 'metrics-secret-0123456789',
};

function as(name: keyof typeof env) {
  return { authorization: `Bearer ${env[name]}` };
}

const LEDGERS = {
  memory: async () => createMemoryLedger(),
  sqlite: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spendfuse-http-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return openSqliteLedger({ path: join(folder, 'ledger.db') });
  },
};

async function start(kind: keyof typeof LEDGERS = 'memory') {
  const config = configOf(YAML);
  const resolved = resolveTokens(config, { env, readFile: () => '' });
  if (!resolved.ok) throw new Error(resolved.problems.join());
  const ledger = await LEDGERS[kind]();
  let ticks = 0;
  const clocks = { wall: () => NOW + ticks++, monotonicMs: () => ticks };
  const enforcer = await createEnforcer({ config, ledger, clocks, sweepEveryMs: 0 });
  onTestFinished(async () => {
    await enforcer.close();
    await ledger.close();
  });
  const { log, lines } = memoryLog('error');
  const { url } = await serve({ enforcer: enforcer as never, tokens: tokenLookup(resolved.tokens), log });
  const session = { session: reservation.session, attribution: { team: 'support', service: 'support-api' } };
  const opened = await post(`${url}/v1/sessions`, session, as('SUPPORT_TOKEN'));
  expect(opened.status).toBe(201);
  return { url, ledger, lines };
}

test.each(['memory', 'sqlite'] as const)(
  'from the first call to the denial, %s ledger and /metrics agree',
  async (kind) => {
    const { url, ledger, lines } = await start(kind);
    const headers = as('SUPPORT_TOKEN');
    let denied: Response | undefined;
    for (let call = 0; call < 20 && !denied; call++) {
      const attempt = { ...reservation, attempt_id: `attempt-${call}` };
      const reserved = await post(`${url}/v1/reservations`, attempt, headers);
      if (reserved.status !== 201) denied = reserved;
      else
        expect((await post(`${url}/v1/reservations/attempt-${call}/settle`, settlementBody, headers)).status).toBe(200);
    }
    expect(denied?.status).toBe(402);
    expect(denied?.headers.get('content-type')).toBe('application/problem+json');
    expect(await denied?.json()).toMatchObject({
      type: '/problems/budget-exceeded',
      code: 'exhausted',
      budget: 'team-month',
      action: 'block',
      limit: '50000000',
      retry_after: null,
    });

    const budgets = await (await fetch(`${url}/v1/budgets/team-month`, { headers: as('OPS_TOKEN') })).json();
    const spent = BigInt((budgets as { items: { spent: string }[] }).items[0]?.spent ?? 'none');
    const [account] = await ledger.accounts(NOW);
    expect(spent).toBe(account?.spentNanoUsd);
    expect(spent).toBeGreaterThan(parseUsd('0.03'));
    const metrics = await (await fetch(`${url}/metrics`, { headers: as('METRICS_TOKEN') })).text();
    const own = 'budget="team-month",owner="support",shadow="false",team="support"';
    const usd = Number(spent) / Number(NANO_PER_USD);
    expect(metrics).toContain(`spendfuse_budget_spent_usd{${own}} ${usd}\n`);
    expect(metrics).toMatch(new RegExp(`spendfuse_cost_usd_total\\{.*team="support".*\\} ${usd}\\n`));
    expect(metrics).toMatch(/spendfuse_decisions_total\{.*team="support",.*decision="block",reason="exhausted"\} 1\n/);
    expect(metrics).toContain(`spendfuse_budget_threshold_crossed{${own},threshold="50",severity="info"} 1\n`);
    expect(lines).toEqual([]);
  },
);

test('what happened to an attempt can be read back by an operator', async () => {
  const { url } = await start();
  const headers = as('SUPPORT_TOKEN');
  const lost = { ...settlement, attempt_id: 'lost-1', end: 'lost' };
  const wrong = {
    ...settlement,
    attempt_id: 'wrong-1',
    usage: { input_tokens: 1, cached_read_tokens: 5, output_tokens: 1 },
  };
  await post(`${url}/v1/reservations`, { ...reservation, attempt_id: 'lost-1' }, headers);
  const batch = await post(`${url}/v1/settlements`, { settlements: [lost, wrong, settlement] }, headers);
  expect(await batch.json()).toMatchObject({
    results: [{ outcome: 'lost' }, { outcome: 'invalid' }, { outcome: 'settled', cost: '3584000' }],
  });
  const ops = as('OPS_TOKEN');
  const unresolved = await (await fetch(`${url}/v1/reservations?state=unresolved`, { headers: ops })).json();
  expect(unresolved).toMatchObject({ items: [{ attempt_id: 'lost-1', state: 'unresolved', accounts: [{}] }] });
  const closing = await post(`${url}/v1/reservations/lost-1/write-off`, { reason: 'never arrived' }, ops);
  expect([closing.status, await closing.json()]).toEqual([200, { outcome: 'written_off' }]);
  const usage = await (await fetch(`${url}/v1/usage?group_by=team,model`, { headers: ops })).json();
  expect(usage).toMatchObject({ items: [{ group: { team: 'support', model: 'gpt-4.1' }, cost: '3584000', calls: 1 }] });
});

test.each([
  ['another team', 'SEARCH_TOKEN', '/v1/reservations', reservation, 403],
  ["another token's attempt", 'SEARCH_TOKEN', '/v1/reservations/known/settle', settlementBody, 403],
  ['an unknown attempt', 'SUPPORT_TOKEN', '/v1/reservations/unknown/settle', settlementBody, 404],
  ['an unknown attempt', 'SUPPORT_TOKEN', '/v1/reservations/unknown/release', {}, 404],
  ['an unknown attempt', 'OPS_TOKEN', '/v1/reservations/unknown/write-off', { reason: 'x' }, 404],
  ['an unknown session', 'SUPPORT_TOKEN', '/v1/sessions/unknown/heartbeat', {}, 404],
  ['an attempt that is still held', 'OPS_TOKEN', '/v1/reservations/known/write-off', { reason: 'x' }, 409],
  [
    'an attempt id with another body',
    'SUPPORT_TOKEN',
    '/v1/reservations',
    { ...reservation, attempt_id: 'known', model: 'gpt-4o' },
    409,
  ],
  [
    'impossible usage',
    'SUPPORT_TOKEN',
    '/v1/reservations/known/settle',
    { ...settlementBody, usage: { input_tokens: 1, cached_read_tokens: 2, output_tokens: 0 } },
    422,
  ],
] as const)('%s is refused to %s at %s', async (_name, who, path, body, status) => {
  const { url, lines } = await start();
  expect(
    (await post(`${url}/v1/reservations`, { ...reservation, attempt_id: 'known' }, as('SUPPORT_TOKEN'))).status,
  ).toBe(201);
  const reply = await post(url + path, body, as(who));
  expect([reply.status, reply.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
  expect(lines).toEqual([]);
});

test.each(['memory', 'sqlite'] as const)(
  'a cursor that nobody gave out is a mistake of the caller (%s)',
  async (kind) => {
    const { url, lines } = await start(kind);
    for (const cursor of ['garbage', '-1', '1e3', '99999999999999999999', "1' OR 1=1"]) {
      const query = new URLSearchParams({ cursor });
      const reply = await fetch(`${url}/v1/alerts?${query}`, { headers: as('OPS_TOKEN') });
      expect([cursor, reply.status]).toEqual([cursor, 422]);
    }
    expect(lines).toEqual([]);
  },
);

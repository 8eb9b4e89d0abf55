/** A fallback and a gateway, from the SDK through the real server to what is told of them and kept in the ledger's file. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { folderWith, serve } from './server.ts';

const app = (name: string) => fileURLToPath(new URL(`../support/apps/${name}.mjs`, import.meta.url));
const CONFIG = `owners: { team: {} }
budgets:
  - { name: all, owner: team, window: month, limit: 1000, hard: block, when_unreachable: allow }
  - { name: fallbacks, match: { fallback: '*' }, owner: team, window: month, limit: 1000 }
`;

let provider: TestProvider;
let gateway: TestGateway;
beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway(provider.url);
});
afterAll(async () => {
  await gateway.stop();
  await provider.stop();
});

/** Runs it against a server of its own; what /v1/usage, /v1/budgets and the ledger's file say then. */
async function play(name: string, env: Record<string, string>) {
  const folder = folderWith({ 'budgets.yaml': CONFIG });
  const server = await serve(folder);
  await server.ready;
  const ran = await runApp({
    args: ['--import', REGISTER, app(name)],
    env: {
      PROVIDER: provider.url,
      GATEWAY: gateway.url,
      SPENDFUSE_ENDPOINT: server.url,
      SPENDFUSE_JOURNAL: folder,
      ...env,
    },
  });
  expect(ran.code, ran.stderr).toBe(0);
  const ask = async (path: string) => (await (await fetch(`${server.url}${path}`)).json()) as { items: Item[] };
  const group = 'model,fallback,served_provider,served_model';
  const usage = (await ask(`/v1/usage?group_by=${group}`)).items;
  const budgets = Object.fromEntries((await ask('/v1/budgets')).items.map((each) => [each.budget, each.spent]));
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  await server.end('SIGTERM');
  const db = new DatabaseSync(join(folder, 'spendfuse.db'), { readOnly: true });
  const kept = db.prepare('SELECT provider, model, attribution, body, cost FROM settlements ORDER BY seq').all();
  db.close();
  return { usage, budgets, metrics, kept: kept as unknown as Kept[] };
}

interface Item {
  group: Record<string, string>;
  cost: string;
  calls: number;
  budget: string;
  spent: string;
}
type Kept = Record<'provider' | 'model' | 'attribution' | 'body', string> & { cost: number };

test('a fallback is told by what it took the place of, counts in budgets of fallbacks and is kept with its reason', async () => {
  const { usage, budgets, metrics, kept } = await play('fallback', { STORY: 'plain' });
  const [only] = usage;
  expect(usage.map(({ group, calls }) => [group, calls])).toEqual([
    [
      {
        model: 'claude-haiku-4-5',
        fallback: 'openai/gpt-4.1',
        served_provider: 'anthropic',
        served_model: expect.stringMatching(/^claude-haiku-4-5/),
      },
      1,
    ],
  ]);
  expect(Number(only?.cost)).toBeGreaterThan(0);
  expect(budgets).toEqual({ all: only?.cost, fallbacks: only?.cost });
  expect(metrics).toMatch(/spendfuse_calls_total\{[^}]*model="claude-haiku-4-5[^"]*"[^}]*fallback="true"[^}]*\} 1\n/);
  const { evidence } = JSON.parse(kept[0]!.body);
  expect(evidence).toEqual({
    fallback: {
      by: 'application',
      provider: 'openai',
      model: 'gpt-4.1',
      attemptId: expect.any(String),
      reason: '500',
    },
  });
});

test('what a gateway served is told beside what was asked for, priced as served, and its own cost is kept beside', async () => {
  const headers = {
    'x-litellm-call-id': 'c',
    'x-litellm-model-name': 'openai/gpt-4.1-mini',
    'x-litellm-response-cost': '123.5',
    'x-litellm-attempted-fallbacks': '1',
  };
  const cached = { ...headers, 'x-litellm-cache-key': 'k' };
  const calls = [{ answer: { headers } }, { answer: { headers: cached } }];
  const CALLS = JSON.stringify(calls.map((call) => ({ baseURL: 'GATEWAY/v1', ...call })));
  const { usage, budgets, kept } = await play('gateways', { CALLS });
  // What the provider bills, at the public price of gpt-4.1-mini: 24 fresh and 16 cached tokens in, 12 out; the cache's is free.
  const cost = String(24 * 400 + 16 * 100 + 12 * 1600);
  const group = {
    model: 'gpt-4.1',
    fallback: 'openai/gpt-4.1',
    served_provider: 'openai',
    served_model: 'gpt-4.1-mini',
  };
  expect(usage).toMatchObject([{ group, calls: 2, cost }]);
  expect(budgets).toEqual({ all: cost, fallbacks: cost });
  expect(kept.map(({ body, cost: booked }) => [booked, JSON.parse(body).evidence])).toEqual([
    [
      Number(cost),
      {
        gateway: 'litellm',
        servedProvider: 'openai',
        reportedCostNanoUsd: '123500000000',
        fallback: { by: 'gateway' },
      },
    ],
    [0, { gateway: 'litellm', gatewayCached: true, servedProvider: 'openai', fallback: { by: 'gateway' } }],
  ]);
});

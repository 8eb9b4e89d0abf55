import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { habitOf, Learned } from '../../src/enforce/learned.ts';
import { createPolicy } from '../../src/enforce/policy.ts';
import { relearn } from '../../src/enforce/relearn.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createCatalogue } from '../../src/pricing/catalogue.ts';
import { attempt, configOf, NOBODY, START, used, worldOf } from './world.ts';

const EXPECTED =
  'budgets: [{ name: cap, owner: team, window: month, limit: 100, hard: block, holds: { expected: p99 } }]\n';
const STRICT = EXPECTED.replace('{ expected: p99 }', 'strict');

const LEDGERS: Record<string, () => Promise<Ledger>> = {
  memory: async () => createMemoryLedger(),
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'spendfuse-relearn-'));
    const ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
    onTestFinished(async () => {
      await ledger.close();
      rmSync(folder, { recursive: true });
    });
    return ledger;
  },
};

/** Calls of so many different workflows, one after the other. */
async function calls(ledger: Ledger, count: number): Promise<void> {
  const world = await worldOf(STRICT, ledger);
  for (let from = 0; from < count; from += 500) {
    const asked = Array.from({ length: Math.min(500, count - from) }, (_, index) =>
      attempt(100, { attribution: { workflow: from + index < 30 ? 'old' : 'new' } }),
    );
    const patience = { signal: new AbortController().signal, onWait: () => {} };
    await Promise.all(asked.map((request) => world.enforcer.reserve(request, NOBODY, patience)));
    await Promise.all(asked.map((request) => world.enforcer.settle(request.attempt_id, used(5), NOBODY)));
  }
}

const policyOf = (yaml: string) => {
  const config = configOf(yaml);
  return createPolicy(config, createCatalogue({ contracts: config.prices, ceiling: config.ceiling }));
};

test.each(Object.keys(LEDGERS))(
  'the newest settlements of a %s ledger are learned from, and no others',
  async (name) => {
    const ledger = await LEDGERS[name]!();
    await calls(ledger, 640);
    const seen: string[] = [];
    const learned = new (class extends Learned {
      override learn(...[key, worst, cost, now]: Parameters<Learned['learn']>) {
        seen.push(key);
        super.learn(key, worst, cost, now);
      }
    })();
    await relearn(learned, policyOf(EXPECTED), ledger, 600);
    expect(seen).toHaveLength(600);
    const old = habitOf({ provider: 'openai', model: 'round', service: 'api', workflow: 'old' });
    expect(seen).not.toContain(old);
    expect(learned.share(seen[0]!, 9_900, START)).toBeDefined();
  },
);

test.each(Object.keys(LEDGERS))('an empty %s ledger teaches nothing', async (name) => {
  const learned = new Learned();
  await relearn(learned, policyOf(EXPECTED), await LEDGERS[name]!());
  expect(learned.size).toBe(0);
});

test('where no budget expects anything, nothing is read', async () => {
  const ledger = await LEDGERS.memory!();
  await calls(ledger, 10);
  const learned = new Learned();
  await relearn(learned, policyOf(STRICT), ledger);
  expect(learned.size).toBe(0);
});

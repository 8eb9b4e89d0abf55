/** Calls that are admitted from slices, in real processes: what the server hears of them, and how they end. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { serialiseCard } from '../../src/pricing/card.ts';
import { cardOf } from '../pricing/support.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { allowBy, deny, RULES, routeOver, type StubServer, startStub, until } from '../support/stub-server.ts';

const LEASED = fileURLToPath(new URL('../support/apps/leased.mjs', import.meta.url));
const SLOTS = ['org', 'team', 'customer'];
const ROUTE = routeOver(SLOTS, serialiseCard(cardOf('openai/gpt-4.1')));

let provider: TestProvider;
let stub: StubServer;
let folder: string;

beforeAll(async () => {
  provider = await startProvider();
});
beforeEach(async () => {
  stub = await startStub();
  stub.decide = allowBy(ROUTE);
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-leased-'));
});
afterEach(async () => {
  await stub.stop();
  rmSync(folder, { recursive: true });
});
afterAll(() => provider.stop());

function run(
  env: Record<string, string> = {},
  onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void,
) {
  return runApp({
    args: ['--import', REGISTER, LEASED],
    env: { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url, SPENDFUSE_JOURNAL: folder, ...env },
    ...(onOutput && { onOutput }),
  });
}

/** Slice → what settlements drew from it. */
function drawn(): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { draws = [] } of stub.settlements)
    for (const { slice, amount } of draws) sums.set(slice, (sums.get(slice) ?? 0n) + BigInt(amount));
  return sums;
}

/** Each slice is closed, and what its close says is what settlements drew from it. */
function expectAllReturned(): void {
  const closed = new Map(stub.closes.map(({ slice, drawn: sum }) => [slice, BigInt(sum)]));
  const sums = drawn();
  for (const { slice } of stub.slices) expect(closed.get(slice), slice).toBe(sums.get(slice) ?? 0n);
}

test('after the first calls no call asks the server; each settlement says what it drew', async () => {
  stub.grant = ({ slice }) => ({ slice, amount: '100000000', valid_ms: 5_000 });
  const ran = await run({ CALLS: '30' });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.json).toEqual(Array(30).fill('ok'));
  expect(stub.reservations.map(({ route }) => route)).toEqual([true, undefined, undefined]);
  const local = stub.settlements.filter(({ draws }) => draws);
  expect(local).toHaveLength(30);
  for (const { bound, draws } of local) {
    expect(bound).toMatchObject({ output_tokens: 100 });
    expect(draws).toHaveLength(3);
  }
  expect(stub.ended).toHaveLength(1);
  expectAllReturned();
});

test('customers who share slots have their own route, and the attributions of their own', async () => {
  const card = ROUTE.card.card;
  stub.decide = (request) => allowBy(routeOver(['org', `customer ${request.attribution.customer}`], card))(request);
  stub.grant = ({ slice }) => ({ slice, amount: '100000000', valid_ms: 5_000 });
  const ran = await run({ WARM: '20', CALLS: '20', CUSTOMERS: '5' });
  expect(ran.json).toEqual(Array(20).fill('ok'));
  expect(stub.reservations.length).toBeLessThanOrEqual(20);
  expect(stub.reservations.filter(({ route }) => route)).toHaveLength(5);
  const customers = stub.settlements.map(({ attribution }) => attribution.customer);
  expect(new Set(customers)).toEqual(new Set(['c0', 'c1', 'c2', 'c3', 'c4']));
  expectAllReturned();
});

test('a server that goes away does not stop calls that slices pay for, and hears of them when it is back', async () => {
  stub.rules = { ...RULES, when_unreachable: 'block' };
  stub.grant = ({ slice }) => ({ slice, amount: '50000000', valid_ms: 5_000 });
  let away = false;
  stub.intercept = () => (away ? { status: 503, body: {} } : undefined);
  const watching = until(
    () => stub.slices.length > 0,
    () => stub.heartbeats,
  ).then(() => {
    away = true;
  });
  const ran = await run({ CALLS: '6', BETWEEN_MS: '50' });
  await watching;
  expect(ran.json).toEqual(Array(6).fill('ok'));
  // What the server could not take went to a file, and the next process sends it.
  away = false;
  await run({ WARM: '0', CALLS: '1' });
  await stub.settled(10);
  expectAllReturned();
});

test('process.exit leaves settlements and closes to the next process', async () => {
  await run({ CALLS: '5', END: 'exit' });
  expect(files()).toHaveLength(1);
  await run({ WARM: '0', CALLS: '1' });
  await stub.settled(9);
  expectAllReturned();
  expect(files()).toEqual([]);
});

test('a recall is obeyed, whichever answer brings it: slices are closed, and attempts under way are told of', async () => {
  stub.decide = (request) => {
    stub.recall = { all: true };
    return allowBy(ROUTE)(request);
  };
  const ran = await run({ CALLS: '5', BETWEEN_MS: '120' });
  expect(ran.json).toEqual(Array(5).fill('ok'));
  expectAllReturned();
  expect(stub.reservations.filter(({ route }) => route).length).toBeGreaterThan(1);
});

test('rules of another version end every slice and route', async () => {
  const watching = until(
    () => stub.slices.length > 0,
    () => stub.heartbeats,
  ).then(() => {
    stub.rules = { ...RULES, version: 'v2' };
  });
  await run({ CALLS: '8', BETWEEN_MS: '200' });
  await watching;
  expect(stub.reservations.filter(({ route }) => route)).toHaveLength(2);
  expectAllReturned();
});

test('flush gives back what a frozen process could not, while it lives on', async () => {
  let ended: string | undefined;
  await run({ CALLS: '5', END: 'flush' }, (text, kill) => {
    if (!text.includes('true')) return;
    ended = text;
    expectAllReturned();
    kill('SIGKILL');
  });
  expect(ended).toContain('true');
  expect(stub.ended).toEqual([]);
});

test('requests that a provider refuses for free put back what they drew', async () => {
  await run({ CALLS: '10', STEP: '400' });
  expect(stub.slices.length).toBeGreaterThan(0);
  expect(stub.settlements.filter(({ draws }) => draws)).toEqual([]);
  expectAllReturned();
});

test('a signal settles what is under way and gives all slices back', async () => {
  await run({ CALLS: '5', END: 'wait' }, (_, kill) => kill('SIGTERM'));
  expect(stub.ended).toHaveLength(1);
  expectAllReturned();
});

test('told to tighten, it comes again with counted tokens, and counts the ones that follow, in slices as well', async () => {
  stub.decide = (request) => {
    const { counted } = request.bound;
    const { body, ...denied } = deny();
    if (!counted) return { ...denied, body: { ...(body as object), tighten: true } };
    const granted = allowBy(ROUTE)(request);
    return { ...granted, body: { ...(granted.body as object), tighten: true } };
  };
  const ran = await run({
    WARM: '4',
    CALLS: '3',
    TEXT: 'many words that nobody has to count byte by byte '.repeat(40),
  });
  expect(ran.json).toEqual(['ok', 'ok', 'ok']);
  const [first, again, ...later] = stub.reservations;
  expect(first!.bound).toMatchObject({ countable: true });
  expect(again).toMatchObject({ attempt_id: first!.attempt_id, bound: { counted: true } });
  expect(again!.bound.input_tokens).toBeLessThan(first!.bound.input_tokens / 2);
  expect(later.every(({ bound }) => bound.counted)).toBe(true);
  const leased = stub.settlements.filter(({ draws }) => draws);
  expect(leased.map(({ bound }) => bound)).toEqual(leased.map(() => again!.bound));
});

test('a denial is heard once more where counting is no gain, for only the last word is told to the owner', async () => {
  stub.decide = () => {
    const { body, ...denied } = deny();
    return { ...denied, body: { ...(body as object), tighten: true } };
  };
  const ran = await run({ WARM: '0', CALLS: '1' });
  expect(ran.json).toEqual(['exhausted']);
  const [first, second, ...more] = stub.reservations.map(({ bound }) => bound);
  expect(first).toMatchObject({ countable: true });
  expect(second).toMatchObject({ input_tokens: first?.input_tokens, counted: true });
  expect(second).not.toHaveProperty('countable');
  expect(more).toEqual([]);
});

function files(): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

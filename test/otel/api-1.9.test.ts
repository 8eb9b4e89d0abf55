/** A service on @opentelemetry/api 1.9, with the SDK of its days: all installed from the registry, spendfuse from its tarball. */
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ATTR, CLIENT_METRIC } from '../../src/telemetry/names.ts';
import { install, packInto } from '../packaging/install.ts';
import { ours, runService, startWorld, type World } from './service.ts';
import { ROOT, remove } from './workshop.ts';

const API = '1.9.0';
const SDK = '2.2.0';

let folder: string;
let world: World;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spendfuse-otel-old-'));
  const { client } = await packInto(folder);
  const otel = [`api@${API}`, `sdk-trace-node@${SDK}`, `sdk-metrics@${SDK}`].map((name) => `@opentelemetry/${name}`);
  await install(folder, [client, ...otel, sameAsHere('openai'), sameAsHere('@anthropic-ai/sdk')]);
  cpSync(join(import.meta.dirname, 'apps'), folder, { recursive: true });
  world = await startWorld();
}, 180_000);
afterAll(async () => {
  await world?.stop();
  remove(folder);
});

function sameAsHere(name: string): string {
  return `${name}@${versionOf(name, ROOT)}`;
}

function versionOf(name: string, at: string): string {
  return JSON.parse(readFileSync(join(at, 'node_modules', name, 'package.json'), 'utf8')).version;
}

test('there is one copy of the API, the old one', () => {
  expect(versionOf('@opentelemetry/api', folder)).toBe(API);
  expect(() => versionOf('@opentelemetry/api', join(folder, 'node_modules', 'spendfuse'))).toThrow('ENOENT');
});

test.each([
  { order: 'after --import', node: ['--import', 'spendfuse/register'], env: { START_SDK: './old-sdk.mjs' } },
  { order: 'after --require', node: ['--require', 'spendfuse/register'], env: { START_SDK: './old-sdk.mjs' } },
  { order: 'before', node: ['--import', './old-sdk.mjs', '--import', 'spendfuse/register'] },
])('spans and metrics are there when the SDK starts $order', async ({ node, env }) => {
  world.stub.settlements.length = 0;
  const { seen, stderr } = await runService(world, {
    ...{ folder, node, ...(env && { env }) },
    calls: ['json', 'inside', 'anthropic', 'denied'],
  });
  expect(stderr).toBe('');
  const spans = ours(seen.spans);
  expect(spans.map(({ attributes }) => attributes[ATTR.cost])).toEqual([0.000_152, 0.000_152, 0.000_085_6, undefined]);
  expect(spans[1]?.parent).toBe(seen.spans.find(({ scope }) => scope === 'app')?.spanId);
  expect(spans[3]?.attributes[ATTR.errorType]).toBe('budget_exceeded');
  const input = seen.metrics.filter(
    ({ name, attributes }) => name === CLIENT_METRIC.tokenUsage && attributes[ATTR.tokenType] === 'input',
  );
  expect(input.reduce((sum, point) => sum + point.sum, 0)).toBe(120);
  expect(world.stub.settlements).toHaveLength(3);
});

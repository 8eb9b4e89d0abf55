import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nodeProblem, OLDEST_NODE } from '../../src/cli/node-version.ts';

test('the oldest Node is the one that package.json names', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(engines.node).toBe(`>=${OLDEST_NODE}`);
});

test.each(['22.15.0', '22.16.1', '23.5.0', '24.0.0', '26.1.0'])('Node %s will do', (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

test.each(['18.20.4', '20.20.2', '22.14.9'])('Node %s is told what to install', (version) => {
  expect(nodeProblem(version)).toBe(`this is Node ${version}; install Node 22.15 or newer`);
});

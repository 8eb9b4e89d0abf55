/** CLIs and cron jobs: each run is a process that makes a call and ends by `process.exit` at once; the next one sends what it left. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { serialiseCard } from '../../src/pricing/card.ts';
import { cardOf } from '../pricing/support.ts';
import { app, IMPORT, useStage } from '../support/stage.ts';
import { allowBy, routeOver } from '../support/stub-server.ts';

const stage = useStage();
const RUNS = 3;

describe.each(['ESM', 'CommonJS', 'a bundle'])('%s', (how) => {
  test('the runs of a script are all settled, each once, and keep their exit code', async () => {
    const { stub } = stage;
    stub.decide = allowBy(routeOver(['org'], serialiseCard(cardOf('openai/gpt-4.1'))));
    const folder = `${stage.folder}/${how}`;
    const entries = { ESM: app('ending.mjs'), CommonJS: app('script.cjs'), 'a bundle': '' };
    const file = entries[how as keyof typeof entries] || (await stage.bundle('ending.mjs'));
    const env = { SPENDFUSE_JOURNAL: folder, END: 'exit' };
    for (let run = 0; run < RUNS; run += 1)
      expect(await stage.run([...IMPORT, file], env)).toMatchObject({ code: 3, stderr: '' });
    await stage.run([...IMPORT, '--eval', ''], env);
    expect(stub.settlements.map(({ end, measured }) => [end, measured])).toEqual(Array(RUNS).fill(['settled', true]));
    expect(new Set(stub.settlements.map(({ attempt_id }) => attempt_id)).size).toBe(RUNS);
    expect(stub.reservations.map(({ attempt_id }) => attempt_id).sort()).toEqual(
      stub.settlements.map(({ attempt_id }) => attempt_id).sort(),
    );
    const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(left.map(({ name }) => name)).toEqual([]);
  });
});

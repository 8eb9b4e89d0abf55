/** The tests of an SDK: newest and previous major, as `import` and `require` find it and in a bundle. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Check, checksOf } from './judge.ts';
import { type Combination, combinationsOf, type Outcome, queued } from './run.ts';
import type { Sdk } from './sdk.ts';

/** The whole of a test file. */
export function testSdk(sdk: Sdk): void {
  const { runs, start } = queued(combinationsOf(sdk));
  beforeAll(start);
  describe.each(runs.map((run) => ({ ...run, title: titleOf(run.combination) })))('$title', testRun);
}

function testRun({ combination, outcome: promise }: { combination: Combination; outcome: Promise<Outcome> }): void {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await promise;
  }, 240_000);

  test.each(checksOf(combination).map((check) => [check.name, check] as [string, Check]))('%s', (_, { compare }) => {
    const { seen, expected } = compare(outcome);
    expect(seen).toEqual(expected);
  });
}

function titleOf({ package: { name }, load }: Combination): string {
  return `${name} by ${load}`;
}

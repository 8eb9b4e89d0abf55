/**
 * Real processes against a cap of $1: the server as it is built, services with the real SDKs and the one import, and a
 * provider that keeps the true count. `npm run torture` runs it again and again.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Run, torture } from './run.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

/** Processes share two cores with all other tests; nothing here takes this long. */
const STUCK_MS = 240_000;
const seed = Date.now() % 1_000_000;

const run = (scenario: Scenario, onKilled = () => {}) => torture({ ...SCENARIOS[scenario], seed, onKilled });

describe(`8 services of 32 callers under a cap of $1 in strict (seed ${seed})`, () => {
  let bothKilled: Promise<Run>;

  // It ends with half a minute of silence, so it goes first and is silent while the others run.
  beforeAll(async () => {
    await new Promise<void>((killed, fail) => {
      bothKilled = run('server and services killed', killed);
      bothKilled.catch(fail);
    });
  }, STUCK_MS);

  it('spend no nano-dollar above it, and what the ledger says is what the provider says', {
    timeout: STUCK_MS,
  }, async () => {
    expect((await run('calm')).verdict).toMatchObject({ problems: [], overshootNanoUsd: 0n });
  });

  it('and no less when the server is killed again and again', { timeout: STUCK_MS }, async () => {
    expect((await run('server killed')).verdict).toMatchObject({ problems: [], overshootNanoUsd: 0n });
  });

  it('and when services are killed too, what nobody knows is unresolved', { timeout: STUCK_MS }, async () => {
    expect((await bothKilled).verdict).toMatchObject({ problems: [], overshootNanoUsd: 0n });
  });
});

/** What happens to calls when the server gives no decision: chosen, and said once. */
import { describe, expect, test } from 'vitest';
import { app, IMPORT, useStage } from '../support/stage.ts';
import { allow, RULES, type StubReply } from '../support/stub-server.ts';

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:4';

const stage = useStage();

async function calls(count: number, env: Record<string, string> = {}) {
  const ran = await stage.run([...IMPORT, app('calls.mjs')], {
    CALLS: String(count),
    SPENDFUSE_DECISION_TIMEOUT_MS: '250',
    ...env,
  });
  return { ...ran, outcomes: ran.json as string[], said: ran.stderr.match(/^spendfuse: .*$/gm) ?? [] };
}

describe('before the first contact', () => {
  test('calls are allowed, and the outage is said once', async () => {
    const { outcomes, said } = await calls(3, { SPENDFUSE_ENDPOINT: NOWHERE });
    expect(outcomes).toEqual(['ok', 'ok', 'ok']);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`the server ${NOWHERE} is unreachable (ECONNREFUSED)`);
  });

  test('calls are refused where the environment says block', async () => {
    const env = { SPENDFUSE_ENDPOINT: NOWHERE, SPENDFUSE_WHEN_UNREACHABLE: 'block' };
    expect((await calls(2, env)).outcomes).toEqual(['unreachable', 'unreachable']);
    expect(stage.provider.seen).toEqual([]);
  });

  test.each([
    { what: 'a server error', reply: { status: 503, body: {} } },
    { what: 'an answer that is no session', reply: { status: 200, body: { hello: 'world' } } },
    { what: 'no answer in 250 ms', reply: { status: 200, body: {}, afterMs: 3000 } },
  ])('$what is no contact', async ({ reply }) => {
    stage.stub.intercept = (_, path) => (path === '/v1/sessions' ? reply : undefined);
    expect((await calls(1, { SPENDFUSE_WHEN_UNREACHABLE: 'block' })).outcomes).toEqual(['unreachable']);
  });
});

describe('after the first contact', () => {
  const failing = (reply: StubReply): void => {
    stage.stub.intercept = (_, path) => (path === '/v1/reservations' ? reply : undefined);
  };

  test.each([
    { what: '500', reply: { status: 500, body: {} } },
    { what: 'no answer in 250 ms', reply: { status: 201, body: {}, afterMs: 1000 } },
    { what: 'a grant without a hold', reply: { status: 201, body: { decision: 'allow' } } },
    { what: 'a denial without a code', reply: { status: 402, body: {} } },
  ])('$what is no decision, and block wins', async ({ reply }) => {
    stage.stub.rules = { ...RULES, when_unreachable: 'block' };
    failing(reply);
    const { outcomes } = await calls(1, { SPENDFUSE_WHEN_UNREACHABLE: 'allow' });
    expect(outcomes).toEqual(['unreachable']);
    expect(stage.provider.seen).toEqual([]);
    // The server may have granted what we did not hear of, so it is told that nothing was sent.
    expect(stage.stub.settlements.map(({ end }) => end)).toEqual(['released']);
  });

  test('allow spends the unreachable allowance and no more', async () => {
    // gpt-4.1 at 2 and 8 USD a million: one call of some 500 bytes and 100 tokens is bound at about 0.00227 USD. A second one
    // does not fit either when the first has ended and cost 0.00015 USD only.
    stage.stub.rules = { ...RULES, unreachable_allowance: '2300000' };
    failing({ status: 500, body: {} });
    const { outcomes } = await calls(3, { PARALLEL: 'yes' });
    expect(outcomes.sort()).toEqual(['ok', 'unreachable', 'unreachable']);
  });

  test.each([
    { what: '500', reply: () => ({ status: 500, body: {} }) },
    { what: '400', reply: () => ({ status: 400, body: { detail: 'a reservation from the future' } }) },
    { what: 'a grant that comes too late', reply: (granted: StubReply) => ({ ...granted, afterMs: 1000 }) },
  ])('after $what what is allowed goes out as another attempt, and the first one is given back', async ({ reply }) => {
    let asked: string | undefined;
    stage.stub.decide = (request) => {
      asked ??= request.attempt_id;
      return reply(allow(request));
    };
    expect((await calls(1)).outcomes).toEqual(['ok']);
    expect(stage.stub.reservations).toHaveLength(1);
    expect(stage.stub.settlements).toMatchObject([{ attempt_id: asked, end: 'released' }, { end: 'settled' }]);
    const [released, settled] = stage.stub.settlements;
    expect(settled!.attempt_id).not.toBe(asked);
    expect(settled!.call_id).toBe(released!.call_id);
    expect(settled!.bound).toBeDefined();
    expect(settled!.usage.output_tokens).toBeGreaterThan(0);
  });

  test('what a call cost is put back where it cost less than its worst case', async () => {
    stage.stub.rules = { ...RULES, unreachable_allowance: '3000000' };
    failing({ status: 500, body: {} });
    // The true cost of a call is about 0.00015 USD, so many fit one after the other.
    expect((await calls(4)).outcomes).toEqual(['ok', 'ok', 'ok', 'ok']);
    const settled = stage.stub.settlements.filter(({ end }) => end === 'settled');
    expect(settled).toHaveLength(4);
    expect(settled.every(({ bound }) => bound)).toBe(true);
  });

  test('the server is used again as soon as it is back, which is said once', async () => {
    let reservations = 0;
    stage.stub.intercept = (_, path) => {
      if (path === '/v1/reservations' && reservations++ === 0) return { status: 503, body: {} };
      return undefined;
    };
    const { outcomes, said } = await calls(3, { PAUSE_MS: '400' });
    expect(outcomes).toEqual(['ok', 'ok', 'ok']);
    expect(said).toHaveLength(2);
    expect(said[1]).toContain('is back');
    expect(stage.stub.reservations).toHaveLength(2);
  });

  test('a server that lost the session gets a new one, and the same reservation again', async () => {
    let reservations = 0;
    stage.stub.intercept = (_, path) =>
      path === '/v1/reservations' && reservations++ === 0 ? { status: 404, body: {} } : undefined;
    expect((await calls(1, { SPENDFUSE_WHEN_UNREACHABLE: 'block' })).outcomes).toEqual(['ok']);
    expect(stage.stub.sessions).toHaveLength(2);
  });
});

describe('a server that refuses this client', () => {
  test.each([401, 403, 413])('%i refuses calls, says so once, and does not fall back to allow', async (status) => {
    stage.stub.intercept = () => ({ status, body: { detail: 'wrong token' } });
    const { outcomes, said } = await calls(2, { SPENDFUSE_TOKEN: 'wrong' });
    expect(outcomes).toEqual(['misconfigured', 'misconfigured']);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`refuses this client (${status}: wrong token); check SPENDFUSE_TOKEN`);
    expect(stage.stub.authorizations).toEqual(new Set(['Bearer wrong']));
    expect(stage.provider.seen).toEqual([]);
  });
});

test('where no budget acts, calls are settled without a reservation', async () => {
  stage.stub.rules = { ...RULES, admission: 'none' };
  expect((await calls(2)).outcomes).toEqual(['ok', 'ok']);
  expect(stage.stub.reservations).toEqual([]);
  expect(stage.stub.settlements).toHaveLength(2);
});

test('where no budget acts yet, a recall makes calls ask', async () => {
  stage.stub.rules = { ...RULES, admission: 'none' };
  stage.stub.recall = { all: true };
  expect((await calls(2, { PAUSE_MS: '400' })).outcomes).toEqual(['ok', 'ok']);
  expect(stage.stub.reservations).toHaveLength(1);
});

test('a heartbeat brings new rules', async () => {
  stage.stub.heartbeatMs = 100;
  stage.stub.intercept = (_, path) => {
    if (path.endsWith('/heartbeat')) stage.stub.rules = { ...RULES, version: 'v2', admission: 'none' };
    return undefined;
  };
  expect((await calls(2, { PAUSE_MS: '400' })).outcomes).toEqual(['ok', 'ok']);
  expect(stage.stub.reservations).toHaveLength(1);
  expect(stage.stub.heartbeats[0]).toMatchObject({ rules_version: 'v1' });
});

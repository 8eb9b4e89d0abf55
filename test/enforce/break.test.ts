/** What must hold when steps fail half-way, cross each other, or come twice. */
import { describe, expect, it } from 'vitest';
import { breakable } from './broken-ledger.ts';
import { ask, attempt, configOf, ended, NOBODY, report, spend, standing, used, worldOf } from './world.ts';

const CAP = 'budgets: [{ name: cap, owner: team, window: month, limit: 1, soft: [50%, 90%], hard: block }]\n';
const LEDGER_GONE = { name: 'LedgerUnavailable' };

function alerts(world: Awaited<ReturnType<typeof worldOf>>): string[] {
  return world.happenings.flatMap((happening) =>
    happening.kind === 'alert' ? `${happening.event.kind} ${happening.event.thresholdBasisPoints / 100}%` : [],
  );
}

describe('a ledger that cannot commit', () => {
  it('makes the server unready with the mend, and ready again by itself', async () => {
    const { ledger, fail, heal } = breakable();
    const world = await worldOf(CAP, ledger);
    fail();
    await expect(ask(world, attempt(1))).rejects.toMatchObject(LEDGER_GONE);
    expect(world.enforcer.readiness()).toEqual({ ready: false, reasons: ['ledger x: the disk is full; make room'] });
    await expect(world.enforcer.sweep()).rejects.toMatchObject(LEDGER_GONE);
    heal();
    await world.enforcer.sweep();
    expect(world.enforcer.readiness()).toEqual({ ready: true, reasons: [] });
    expect(await ask(world, attempt(1))).toBe('allow');
    expect((await ledger.revisions()).map(({ hash }) => hash)).toContainEqual(expect.stringMatching(/^outage:/));
  });

  it('stays unready while it has room for one small entry only', async () => {
    const { ledger, fail, heal } = breakable();
    const world = await worldOf(CAP, ledger);
    fail('settleMany', 'prove');
    await expect(spend(world, 1)).rejects.toMatchObject(LEDGER_GONE);
    for (let time = 0; time < 3; time++) {
      await expect(world.enforcer.sweep()).rejects.toMatchObject(LEDGER_GONE);
      expect(world.enforcer.readiness()).toMatchObject({ ready: false });
      await expect(ask(world, attempt(1))).rejects.toMatchObject(LEDGER_GONE);
    }
    heal();
    await world.enforcer.sweep();
    expect(world.enforcer.readiness()).toEqual({ ready: true, reasons: [] });
  });

  it('that hangs makes the server unready after five seconds, is given nothing more, and is used when it answers', async () => {
    const { ledger, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    const reserving = hold('reserveMany');
    const asking = ask(world, attempt(1));
    await reserving.arrived;
    world.pass(4_999);
    expect(world.enforcer.readiness().ready).toBe(true);
    world.pass(1);
    const reasons = ['the ledger has not answered for more than 5 seconds; check its disk'];
    expect(world.enforcer.readiness()).toEqual({ ready: false, reasons });
    await expect(ask(world, attempt(1))).rejects.toMatchObject(LEDGER_GONE);
    reserving.go();
    expect(await asking).toBe('allow');
    expect(world.enforcer.readiness()).toEqual({ ready: true, reasons: [] });
  });

  it('has held nothing and spent nothing of what it refused', async () => {
    const { ledger, fail, heal } = breakable();
    const world = await worldOf(CAP, ledger);
    const request = attempt(600_000);
    await ask(world, request);
    fail('settleMany', 'reserveMany', 'releaseMany');
    await expect(world.enforcer.settle(request.attempt_id, used(600_000), NOBODY)).rejects.toMatchObject(LEDGER_GONE);
    await expect(world.enforcer.release(request.attempt_id, NOBODY)).rejects.toMatchObject(LEDGER_GONE);
    await expect(ask(world, attempt(1))).rejects.toMatchObject(LEDGER_GONE);
    expect(alerts(world)).toEqual([]);
    heal();
    expect(await standing(world, 'cap')).toEqual(['cap 0/600000/0 ok']);
    await world.enforcer.settle(request.attempt_id, used(600_000), NOBODY);
    expect(await standing(world, 'cap')).toEqual(['cap 600000/0/0 soft']);
    expect(alerts(world)).toEqual(['threshold 50%']);
  });

  it('after a booking answers the booking, and tells its crossings once when it can', async () => {
    const { ledger, fail, heal } = breakable();
    const world = await worldOf(CAP, ledger);
    const request = attempt(1_000_000);
    await ask(world, request);
    fail('recordEvents');
    const settle = () => world.enforcer.settle(request.attempt_id, used(1_000_000), NOBODY);
    expect(await settle()).toMatchObject({ costNanoUsd: 1_000_000_000n, replayed: false });
    expect(await settle()).toMatchObject({ costNanoUsd: 1_000_000_000n, replayed: true });
    expect(alerts(world)).toEqual([]);
    heal();
    await world.enforcer.sweep();
    await world.enforcer.sweep();
    expect(alerts(world)).toEqual(['threshold 50%', 'threshold 90%', 'threshold 100%']);
  });

  it('after a denial decides nothing until it can commit again, and tells the denial once', async () => {
    const { ledger, fail, heal } = breakable();
    const world = await worldOf(CAP, ledger);
    await spend(world, 990_000);
    fail('recordEvents');
    expect(await ask(world, attempt(50_000))).toBe('exhausted');
    await expect(ask(world, attempt(50_000))).rejects.toMatchObject(LEDGER_GONE);
    heal();
    await world.enforcer.sweep();
    expect(await ask(world, attempt(50_000))).toBe('exhausted');
    expect(alerts(world)).toEqual(['threshold 50%', 'threshold 90%', 'denied 0%']);
  });

  it('when a config is swapped leaves the old one in force, with its standing', async () => {
    const { ledger, fail, heal } = breakable();
    const world = await worldOf(CAP, ledger);
    await spend(world, 600_000);
    for (const step of ['revisions', 'recordRevision', 'accounts', 'liveEvents', 'adopt', 'settlements'] as const) {
      fail(step);
      await world.enforcer.reload(configOf(CAP.replace('limit: 1', 'limit: 9')), 'x').catch(() => {});
      heal();
      expect(world.enforcer.config().budgets[0]?.limitNanoUsd, step).toBe(
        step === 'adopt' || step === 'settlements' ? 9_000_000_000n : 1_000_000_000n,
      );
      await world.enforcer.reload(configOf(CAP), 'x');
    }
    await world.enforcer.sweep();
    await spend(world, 350_000);
    expect(alerts(world)).toEqual(['threshold 50%', 'threshold 90%']);
  });
});

describe('one attempt on two connections', () => {
  it('is granted once, and the one that stays keeps the hold when the other gives up', async () => {
    const { ledger, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    const first = attempt(1_000_000);
    await ask(world, first);
    const request = attempt(1_000_000);
    const leaving = new AbortController();
    const gone = world.enforcer.reserve(request, NOBODY, { signal: leaving.signal, onWait: () => {} });
    await settled();
    const reserving = hold('reserveMany');
    const releasing = world.enforcer.release(first.attempt_id, NOBODY);
    await reserving.arrived;
    leaving.abort();
    expect(await gone).toMatchObject({ denied: { code: 'contended' } });
    const staying = ask(world, request);
    await settled();
    reserving.go();
    await releasing;
    expect(await staying).toBe('allow');
    await settled();
    expect(await standing(world, 'cap')).toEqual(['cap 0/1000000/0 ok']);
  });

  it('whose reply was lost is answered again without standing in line', async () => {
    const world = await worldOf(`limits: { max_wait: 60s }\n${CAP}`);
    const request = attempt(900_000);
    expect(await ask(world, request)).toBe('allow');
    const leaving = new AbortController();
    const waiting = world.enforcer.reserve(attempt(200_000), NOBODY, { signal: leaving.signal, onWait: () => {} });
    await settled();
    expect(world.enforcer.waitingCount?.()).toBe(1);
    expect(await ask(world, request)).toBe('allow');
    leaving.abort();
    await waiting;
    expect(await standing(world, 'cap')).toEqual(['cap 0/900000/0 ok']);
  });

  it('leaves no hold when it gives up on the second before the first is read', async () => {
    const world = await worldOf(CAP);
    const request = attempt(400_000);
    expect(await report(world, [ended(request, 'released')])).toMatchObject([{ outcome: 'released' }]);
    expect(await ask(world, request)).toBe('409 attempt-conflict');
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });

  it('leaves no hold when it gives up on the second while the first is being granted', async () => {
    const { ledger, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    const request = attempt(400_000);
    const reserving = hold('reserveMany');
    const asking = ask(world, request);
    await reserving.arrived;
    expect(await report(world, [ended(request, 'released')])).toMatchObject([{ outcome: 'released' }]);
    reserving.go();
    expect(await asking).toBe('409 attempt-conflict');
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });

  it('leaves no hold when both give up', async () => {
    const { ledger, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    const first = attempt(1_000_000);
    await ask(world, first);
    const request = attempt(1_000_000);
    const leaving = new AbortController();
    const patience = { signal: leaving.signal, onWait: () => {} };
    const both = [world.enforcer.reserve(request, NOBODY, patience), world.enforcer.reserve(request, NOBODY, patience)];
    await settled();
    const reserving = hold('reserveMany');
    const releasing = world.enforcer.release(first.attempt_id, NOBODY);
    await reserving.arrived;
    leaving.abort();
    await Promise.all(both);
    reserving.go();
    await releasing;
    await settled();
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });
});

describe('a session that ends', () => {
  it('while its attempts wait holds nothing afterwards', async () => {
    const world = await worldOf(CAP);
    const other = { session: 's2', attribution: {} };
    await world.enforcer.openSession(other, NOBODY);
    const first = attempt(1_000_000, { session: 's2' });
    await ask(world, first);
    const waiting = ask(world, attempt(500_000));
    await settled();
    await world.enforcer.endSession('s1', NOBODY);
    await world.enforcer.release(first.attempt_id, NOBODY);
    expect(await waiting).toBe('404 unknown-session');
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/0 ok']);
  });

  it('but cannot give up what it holds is given up by the sweep', async () => {
    const { ledger, fail, heal } = breakable();
    const world = await worldOf(CAP, ledger);
    await ask(world, attempt(400_000));
    fail('lose');
    await expect(world.enforcer.endSession('s1', NOBODY)).rejects.toMatchObject(LEDGER_GONE);
    await expect(ask(world, attempt(1))).rejects.toMatchObject(LEDGER_GONE);
    heal();
    world.pass(30_000);
    await world.enforcer.sweep();
    expect(await standing(world, 'cap')).toEqual(['cap 0/0/400000 ok']);
    expect(world.enforcer.sessionCount?.()).toBe(0);
  });

  it('and is opened again meanwhile lives on', async () => {
    const { ledger, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    const losing = hold('lose');
    const ending = world.enforcer.endSession('s1', NOBODY);
    await losing.arrived;
    await world.enforcer.openSession({ session: 's1', attribution: {} }, NOBODY);
    losing.go();
    await ending;
    expect(await ask(world, attempt(1))).toBe('allow');
  });

  it('by a restart asks again who it is, so that no attempt is booked without its team', async () => {
    const YAML = `${CAP.slice(0, -2)}, { name: of-team, owner: team, match: { team: [search] }, window: month, limit: 1, hard: block }]\n`;
    const world = await worldOf(YAML);
    await world.enforcer.openSession({ session: 's2', attribution: { team: 'search' } }, NOBODY);
    await ask(world, attempt(10_000, { session: 's2' }));
    const again = await world.restart();
    expect(await ask(again, attempt(10_000, { session: 's2' }))).toBe('404 unknown-session');
    await again.enforcer.openSession({ session: 's2', attribution: { team: 'search' } }, NOBODY);
    expect(await ask(again, attempt(10_000, { session: 's2' }))).toBe('allow');
    expect(await standing(again, 'of-team')).toEqual(['of-team 0/20000/0 ok']);
  });
});

describe('a batch', () => {
  it.each([
    ['released', 'settled'],
    ['settled', 'released'],
    ['lost', 'settled'],
    ['settled', 'lost'],
  ] as const)('that says %s and %s of one attempt books its cost', async (...ends) => {
    const world = await worldOf(CAP);
    const request = attempt(100_000);
    await ask(world, request);
    await report(
      world,
      ends.map((end) => ended(request, end, used(70_000))),
    );
    expect(await standing(world, 'cap')).toEqual(['cap 70000/0/0 ok']);
  });

  it('of many is booked in turns, between which others are decided, and its cost still comes before its releases', async () => {
    const { ledger, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    const requests = Array.from({ length: 120 }, () => attempt(1_000));
    for (const request of requests) await ask(world, request);
    const settled = requests.map((request) => ended(request, 'settled', used(700)));
    const settling = hold('settleMany');
    const reporting = report(world, [ended(requests.at(-1)!, 'released', used(0)), ...settled]);
    await settling.arrived;
    expect(await ask(world, attempt(1_000))).toBe('allow');
    expect(await standing(world, 'cap')).toEqual(['cap 35000/71000/0 ok']);
    settling.go();
    const results = await reporting;
    expect(results.map(({ outcome }) => outcome)).toEqual(['conflict', ...Array(120).fill('settled')]);
    expect(await standing(world, 'cap')).toEqual(['cap 84000/1000/0 ok']);
  });

  it('waits for one turn of another, not for all of it, and goes on when that fails', async () => {
    const { ledger, fail, heal, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    const settled = (count: number) =>
      Array.from({ length: count }, () => ended(attempt(1_000), 'settled', used(1_000)));
    const settling = hold('settleMany');
    const long = report(world, settled(120));
    await settling.arrived;
    const short = report(world, settled(7));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await standing(world, 'cap')).toEqual(['cap 50000/0/0 ok']);
    settling.go();
    const later = hold('settleMany');
    await later.arrived;
    expect(await standing(world, 'cap')).toEqual(['cap 57000/0/0 ok']);
    fail('settleMany');
    later.go();
    expect((await short).map(({ outcome }) => outcome)).toEqual(Array(7).fill('settled'));
    await expect(long).rejects.toMatchObject(LEDGER_GONE);
    heal();
    await world.enforcer.sweep();
    expect(await report(world, settled(1))).toMatchObject([{ outcome: 'settled' }]);
  });

  it('that settles one attempt twice counts it once', async () => {
    const world = await worldOf(CAP);
    const request = ended(attempt(1), 'settled', used(70_000));
    const results = await report(world, [request, request, { ...request, ...used(80_000) }]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['settled', 'duplicate', 'conflict']);
    expect(await standing(world, 'cap')).toEqual(['cap 70000/0/0 ok']);
  });

  it('with a cost beyond all accounts is refused for that one alone', async () => {
    const world = await worldOf(`unpriced: { ceiling: { input: 999999, output: 999999 } }\n${CAP}`);
    const absurd = { usage: { input_tokens: 0, output_tokens: 10_000_000_000 }, measured: true, status: 'ok' } as const;
    const dear = ended(attempt(1, { model: 'nobody-knows' }), 'settled', absurd);
    const results = await report(world, [dear, ended(attempt(1), 'settled', used(7))]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['invalid', 'settled']);
    expect(await standing(world, 'cap')).toEqual(['cap 7/0/0 ok']);
  });
});

describe('a rolling budget', () => {
  it('tells a threshold once, however late a call settles that was admitted before it', async () => {
    const world = await worldOf(
      'budgets: [{ name: cap, owner: team, window: { rolling: 1h }, limit: 1, soft: [50%], hard: block }]\n',
    );
    const slow = attempt(10_000);
    await ask(world, slow);
    world.pass(600_000);
    await spend(world, 600_000);
    await world.enforcer.settle(slow.attempt_id, used(10_000), NOBODY);
    world.pass(600_000);
    await spend(world, 10_000);
    expect(alerts(world)).toEqual(['threshold 50%']);
  });
});

describe('the line', () => {
  it.each([
    ['changed', CAP.replace('month', 'day')],
    ['renamed', CAP.replace('name: cap', 'name: other')],
    ['taken out', 'budgets: []\n'],
  ])('is left in peace while its budget is %s', async (_, changed) => {
    const { ledger, hold } = breakable();
    const world = await worldOf(CAP, ledger);
    await ask(world, attempt(1_000_000));
    const leaving = new AbortController();
    const waiting = world.enforcer.reserve(attempt(1_000), NOBODY, { signal: leaving.signal, onWait: () => {} });
    await settled();
    const reserving = hold('reserveMany');
    await world.enforcer.reload(configOf(changed), 'x');
    await reserving.arrived;
    leaving.abort();
    expect(await waiting).toMatchObject({ denied: { code: 'contended', budget: 'cap' } });
    reserving.go();
  });

  it('moves on when a window ends, though nothing is settled', async () => {
    const world = await worldOf(`limits: { max_wait: 60s }\n${CAP.replace('month', 'hour')}`);
    await ask(world, attempt(1_000_000));
    const waiting = ask(world, attempt(1_000_000));
    await settled();
    world.pass(3_600_000);
    await world.enforcer.heartbeat('s1', {}, NOBODY);
    await world.enforcer.sweep();
    expect(await waiting).toBe('allow');
  });
});

/** Everything that can go on without us has gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

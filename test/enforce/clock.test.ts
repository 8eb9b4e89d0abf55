import { describe, expect, test } from 'vitest';
import { LedgerClock } from '../../src/enforce/clock.ts';

const MINUTE = 60_000;

function fakeClocks(wall: number) {
  const clocks = { wallMs: wall, runMs: 0, wall: () => clocks.wallMs, monotonicMs: () => clocks.runMs };
  const pass = (ms: number) => {
    clocks.wallMs += ms;
    clocks.runMs += ms;
  };
  return { clocks, pass };
}

test('ledger time follows the wall clock', () => {
  const { clocks, pass } = fakeClocks(1_000_000);
  const clock = new LedgerClock(clocks, 0);
  pass(10 * MINUTE);
  expect(clock.now()).toBe(1_000_000 + 10 * MINUTE);
  expect(clock.problem()).toBeUndefined();
});

test('a backward step holds ledger time still until the wall has caught up', () => {
  const { clocks, pass } = fakeClocks(10 * MINUTE);
  const clock = new LedgerClock(clocks, 0);
  clocks.wallMs -= 3 * MINUTE;
  expect(clock.now()).toBe(10 * MINUTE);
  pass(2 * MINUTE);
  expect(clock.now()).toBe(10 * MINUTE);
  pass(2 * MINUTE);
  expect(clock.now()).toBe(11 * MINUTE);
  expect(clock.problem()).toBeUndefined();
});

test('it never starts behind the latest time in the ledger', () => {
  const { clocks } = fakeClocks(1_000);
  expect(new LedgerClock(clocks, 5_000).now()).toBe(5_000);
});

test('a small forward step is followed', () => {
  const { clocks } = fakeClocks(0);
  const clock = new LedgerClock(clocks, 0);
  clocks.wallMs += 4 * MINUTE;
  expect(clock.now()).toBe(4 * MINUTE);
  expect(clock.problem()).toBeUndefined();
});

test('a forward jump above five minutes stops ledger time and is a problem until confirmed', () => {
  const { clocks, pass } = fakeClocks(MINUTE);
  const clock = new LedgerClock(clocks, 0);
  clocks.wallMs += 60 * MINUTE;
  expect(clock.now()).toBe(MINUTE);
  pass(10 * MINUTE);
  expect(clock.now()).toBe(MINUTE);
  expect(clock.problem()).toMatch(/jumped forward by 60 minutes.*\/v1\/clock\/confirm/);
  expect(clock.confirm()).toBe(71 * MINUTE);
  expect(clock.problem()).toBeUndefined();
});

test('a forward jump that is stepped back heals by itself', () => {
  const { clocks, pass } = fakeClocks(MINUTE);
  const clock = new LedgerClock(clocks, 0);
  clocks.wallMs += 60 * MINUTE;
  expect(clock.problem()).toBeDefined();
  pass(MINUTE);
  clocks.wallMs -= 60 * MINUTE;
  expect(clock.problem()).toBeUndefined();
  expect(clock.now()).toBe(2 * MINUTE);
});

test('several jumps add up and do not hide one another', () => {
  const { clocks } = fakeClocks(0);
  const clock = new LedgerClock(clocks, 0);
  clocks.wallMs += 6 * MINUTE;
  clock.now();
  clocks.wallMs += 6 * MINUTE;
  expect(clock.problem()).toMatch(/12 minutes/);
});

test('a wall clock that is stepped back and put right again is no jump', () => {
  const { clocks, pass } = fakeClocks(200 * MINUTE);
  const clock = new LedgerClock(clocks, 0);
  clocks.wallMs -= 120 * MINUTE;
  expect(clock.now()).toBe(200 * MINUTE);
  pass(MINUTE);
  clocks.wallMs += 120 * MINUTE;
  expect(clock.problem()).toBeUndefined();
  expect(clock.now()).toBe(201 * MINUTE);
});

test('a backward step does not hide a forward jump that comes after it', () => {
  const { clocks, pass } = fakeClocks(200 * MINUTE);
  const clock = new LedgerClock(clocks, 0);
  clocks.wallMs -= 120 * MINUTE;
  clock.now();
  pass(MINUTE);
  clocks.wallMs += 127 * MINUTE;
  expect(clock.problem()).toMatch(/7 minutes/);
  expect(clock.now()).toBe(200 * MINUTE);
});

describe('at a start the date must fit the ledger', () => {
  const DAY = 24 * 60 * MINUTE;
  const LATEST = 1_000 * DAY;

  test.each([
    { what: 'an empty ledger fits any date', latest: 0, wall: 20_000 * DAY },
    { what: 'after a weekend', latest: LATEST, wall: LATEST + 3 * DAY },
    { what: 'after five weeks', latest: LATEST, wall: LATEST + 35 * DAY },
    { what: 'on a machine whose clock is a little behind', latest: LATEST, wall: LATEST - 5 * MINUTE },
  ])('$what', ({ latest, wall }) => {
    const clock = new LedgerClock(fakeClocks(wall).clocks, latest);
    expect(clock.problem()).toBeUndefined();
    expect(clock.now()).toBe(Math.max(wall, latest));
  });

  test('a year ahead: time stays at the last entry until an operator confirms', () => {
    const { clocks, pass } = fakeClocks(LATEST + 365 * DAY);
    const clock = new LedgerClock(clocks, LATEST);
    expect(clock.now()).toBe(LATEST);
    expect(clock.problem()).toMatch(/365 days ahead of the ledger's last entry.*\/v1\/clock\/confirm/);
    pass(MINUTE);
    expect(clock.confirm()).toBe(LATEST + 365 * DAY + MINUTE);
    expect(clock.problem()).toBeUndefined();
  });

  test('a year ahead and set right: it goes on by itself', () => {
    const { clocks } = fakeClocks(LATEST + 365 * DAY);
    const clock = new LedgerClock(clocks, LATEST);
    expect(clock.problem()).toBeDefined();
    clocks.wallMs = LATEST + MINUTE;
    expect(clock.problem()).toBeUndefined();
    expect(clock.now()).toBe(LATEST + MINUTE);
  });

  test('an hour behind: until it has caught up', () => {
    const { clocks, pass } = fakeClocks(LATEST - 60 * MINUTE);
    const clock = new LedgerClock(clocks, LATEST);
    expect(clock.problem()).toMatch(
      /60 minutes behind the ledger's last entry \(1972-09-27T00:00:00.000Z\); set it right/,
    );
    pass(55 * MINUTE);
    expect(clock.problem()).toBeUndefined();
    expect(clock.now()).toBe(LATEST);
  });

  test('an hour behind and confirmed: time stands still until it has caught up', () => {
    const { clocks, pass } = fakeClocks(LATEST - 60 * MINUTE);
    const clock = new LedgerClock(clocks, LATEST);
    expect(clock.confirm()).toBe(LATEST);
    expect(clock.problem()).toBeUndefined();
    pass(61 * MINUTE);
    expect(clock.now()).toBe(LATEST + MINUTE);
  });
});

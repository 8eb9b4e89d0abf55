import { describe, expect, test } from 'vitest';
import { attempt, routeOver, TEAM, World } from './fixtures.ts';

describe('an attempt', () => {
  test('asks the server while nothing is known, and asks for a route', () => {
    const world = new World();
    expect(world.try(10)).toBe(false);
    expect(world.lease.asksRoute(attempt(10), world.now)).toBe(true);
    expect(world.ask().wants).toEqual([]);
    expect(world.lease.busy(world.now)).toBe(false);
  });

  test('draws its worst case from one slice of every slot it goes over', () => {
    const world = new World();
    world.warm(['org', 'team'], 100n);
    const grant = world.lease.admit(attempt(30), world.now);
    expect(grant).toEqual({
      decision: 'allow',
      budget: undefined,
      draws: [
        { slice: 's1', amountNanoUsd: 30n },
        { slice: 's2', amountNanoUsd: 30n },
      ],
    });
  });

  test('draws nothing at all where one slot has too little', () => {
    const world = new World();
    world.routed(routeOver(['org', 'team']));
    world.try(10);
    const left = [100n, 20n];
    world.answer(world.ask(), () => left.shift());
    expect(world.try(25)).toBe(false);
    expect(world.lease.end().map(({ drawnNanoUsd }) => drawnNanoUsd)).toEqual([0n, 0n]);
  });

  test('takes from each slot what it counts: some classes, or a share of the worst case', () => {
    const world = new World();
    const slots = [
      { slot: 'whole' },
      { slot: 'output', classes: ['output' as const] },
      { slot: 'third', held_ppm: 333_333 },
      { slot: 'at least', held_ppm: 1, held_at_least: '7' },
      { slot: 'no more than all', held_ppm: 1, held_at_least: '700' },
    ];
    world.routed(routeOver([], { slots }));
    world.try(10);
    world.answer(world.ask(), () => 100n);
    const { draws } = world.lease.admit(attempt(10), world.now)!;
    expect(draws.map(({ amountNanoUsd }) => amountNanoUsd)).toEqual([10n, 0n, 4n, 7n, 10n]);
  });

  test('over no slot needs no slice', () => {
    const world = new World();
    world.routed(routeOver([]));
    expect(world.lease.admit(attempt(1_000_000), world.now)?.draws).toEqual([]);
  });

  test('of another team, model or provider is another signature; another object that says the same is not', () => {
    const world = new World();
    world.warm(['org'], 1_000n);
    expect(world.try(10, { team: 'search' })).toBe(false);
    expect(world.lease.admit({ ...attempt(10), model: 'm-2' }, world.now)).toBeUndefined();
    expect(world.lease.admit({ ...attempt(10), provider: 'other' }, world.now)).toBeUndefined();
    expect(world.try(10, { ...TEAM })).toBe(true);
  });

  test('with counts that cannot be goes to the server, which says so', () => {
    const world = new World();
    world.warm(['org'], 1_000n);
    expect(world.try(-1)).toBe(false);
    expect(world.try(0.5)).toBe(false);
  });

  test('hears the decision and the budget of its route', () => {
    const world = new World();
    world.routed(routeOver([], { decision: 'warn', budget: 'team-month' }));
    expect(world.lease.admit(attempt(10), world.now)).toMatchObject({ decision: 'warn', budget: 'team-month' });
  });
});

describe('a route', () => {
  const bad: [string, unknown][] = [
    ['no object', 'route'],
    ['a decision that is none', { ...routeOver(['a']), decision: 'block' }],
    ['slots that are no list', { ...routeOver(['a']), slots: {} }],
    ['a slot twice', routeOver(['a', 'a'])],
    ['a class that is none', { ...routeOver([]), slots: [{ slot: 'a', classes: ['thoughts'] }] }],
    ['a share above the whole', { ...routeOver([]), slots: [{ slot: 'a', held_ppm: 1_000_001 }] }],
    ['an amount that is none', { ...routeOver([]), slots: [{ slot: 'a', held_ppm: 1, held_at_least: 'much' }] }],
    ['a card that cannot be read', { ...routeOver(['a']), card: { card: {} } }],
    ['a time that never ends', { ...routeOver(['a']), valid_ms: Number.NaN }],
    ['nothing', undefined],
  ];
  test.each(bad)('with %s is none, and forgets the one before', (_, route) => {
    const world = new World();
    world.warm(['org'], 1_000n);
    world.routed(route as never);
    expect(world.try(10)).toBe(false);
  });

  test('is asked for again by one attempt when it has aged, while the others go on; later by all', () => {
    const world = new World();
    world.routed(routeOver([], { valid_ms: 1_000 }));
    world.pass(999);
    expect(world.try(1)).toBe(true);
    expect(world.lease.asksRoute(attempt(1), world.now)).toBe(false);
    world.pass(1);
    expect([world.try(1), world.try(1), world.try(1)]).toEqual([false, true, true]);
    expect(world.lease.asksRoute(attempt(1), world.now)).toBe(true);
    world.pass(1_000);
    expect([world.try(1), world.try(1)]).toEqual([false, false]);
  });

  test('that came again keeps what is known of its attempts', () => {
    const world = new World();
    world.warm(['org'], 1_000n);
    world.routed(routeOver(['org', 'team']));
    expect(world.ask().wants.map(({ slot }) => slot)).toEqual(['team']);
  });

  test('ends with its card', () => {
    const world = new World();
    const { card } = routeOver([]);
    const until = { ...(card.card as object), validUntil: world.wall + 500 };
    world.routed(routeOver([], { card: { ...card, card: until } }));
    expect(world.try(1)).toBe(true);
    world.pass(500);
    expect(world.try(1)).toBe(false);
  });
});

describe('time', () => {
  const moves: [string, (world: World) => void, boolean][] = [
    ['just before its end', (world) => world.pass(4_999), true],
    ['at its end', (world) => world.pass(5_000), false],
    ['after a sleep that only the wall clock saw', (world) => (world.wall += 5_000), false],
    ['after a time that only the monotonic clock saw', (world) => (world.monotonicMs += 5_000), false],
    ['a wall clock put back does not end it', (world) => (world.wall -= 3_600_000), true],
    [
      'a wall clock put back does not lengthen it',
      (world) => {
        world.wall -= 3_600_000;
        world.try(1);
        world.pass(5_000);
      },
      false,
    ],
    [
      'a wall clock put back and then a sleep',
      (world) => {
        world.wall -= 3_600_000;
        world.try(1);
        world.wall += 5_000;
      },
      false,
    ],
  ];
  test.each(moves)('of a slice: %s', (_, move, admitted) => {
    const world = new World();
    world.warm(['org'], 1_000n);
    move(world);
    expect(world.try(1)).toBe(admitted);
  });

  test('of a slice counts from when it was asked for', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(10);
    const ask = world.ask();
    world.pass(4_000);
    world.answer(ask);
    expect(world.try(1)).toBe(true);
    world.pass(1_000);
    expect(world.try(1)).toBe(false);
  });

  test('a slice that is over when its answer comes is closed at once', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(10);
    const ask = world.ask();
    world.pass(5_000);
    world.answer(ask);
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 0n }]);
  });
});

describe('what is asked for', () => {
  test('nothing for a single attempt: it would be closed before the next one comes', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    expect(world.ask().wants).toEqual([]);
  });

  test('what was drawn in the last two seconds, those that the server admitted included', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    for (let at = 0; at < 99; at += 1) {
      world.pass(100);
      world.try(10);
    }
    const [want] = world.ask().wants;
    expect(want).toMatchObject({ slot: 'org', atLeastNanoUsd: 10n });
    expect(Number(want!.amountNanoUsd) / 200).toBeCloseTo(1, 0.9);
  });

  test.each([
    { ms: 0, amountNanoUsd: 400n },
    { ms: 500, amountNanoUsd: 400n },
    { ms: 1_000, amountNanoUsd: 200n },
    { ms: 1_900, amountNanoUsd: 100n },
  ])('of a route that is $ms ms old: as if it went on as it began', ({ ms, amountNanoUsd }) => {
    const world = new World();
    world.routed(routeOver(['org']));
    for (let at = 0; at < 9; at += 1) world.try(10);
    world.pass(ms);
    expect(world.ask().wants).toMatchObject([{ amountNanoUsd }]);
  });

  test('at least the dearest attempt of late', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(500);
    world.pass(3_000);
    world.try(10);
    world.pass(900);
    world.try(10);
    expect(world.ask().wants).toMatchObject([{ amountNanoUsd: 500n, atLeastNanoUsd: 500n }]);
  });

  test('nothing more while half of it is left, then what is missing', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    for (let at = 0; at < 9; at += 1) world.try(10);
    world.pass(1_100);
    world.answer(world.ask()); // 100
    for (let at = 0; at < 3; at += 1) world.try(10);
    expect(world.ask().wants).toEqual([]); // 70 of 130 are left.
    for (let at = 0; at < 2; at += 1) world.try(10);
    expect(world.ask().wants).toMatchObject([{ amountNanoUsd: 100n }]); // 50 of 150 are.
  });

  test('anew before a slice ends', () => {
    const world = new World();
    world.warm(['org'], 1_000n);
    for (let at = 0; at < 8; at += 1) {
      world.pass(450);
      world.try(10);
    }
    expect(world.ask().wants).toHaveLength(1);
  });

  test('nothing while another ask is under way', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(10);
    const first = world.ask();
    expect(first.wants).toHaveLength(1);
    expect(world.ask()).toMatchObject({ wants: [] });
    expect(world.ask().seq).toBeGreaterThan(first.seq);
  });

  test('later and later where it is refused, and at once again after a grant', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    const asked: number[] = [];
    for (let ms = 0; ms < 10_000; ms += 100) {
      world.try(10);
      const ask = world.ask();
      if (ask.wants.length > 0) asked.push(ms);
      world.answer(ask, () => undefined);
      world.pass(100);
    }
    expect(asked).toEqual([0, 500, 1_500, 3_500, 7_500]);
  });

  test('no more at once than the server reads', () => {
    const world = new World({ wants: 2 });
    world.routed(routeOver(['a', 'b', 'c']));
    world.try(10);
    expect(world.ask().wants).toHaveLength(2);
  });

  test('free attempts get a slice too, for a budget may be spent', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(0);
    world.pass(2_500);
    world.try(0);
    world.pass(1_600);
    world.try(0);
    world.answer(world.ask());
    expect(world.try(0)).toBe(true);
  });
});

describe('a lost reply', () => {
  test('is told of as closed with nothing drawn, once a later ask was answered', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(10);
    const lost = world.ask();
    world.lease.unanswered(lost);
    expect(world.closes()).toEqual([]);
    const next = world.ask();
    world.answer(next);
    expect(world.closes()).toEqual([{ slice: lost.wants[0]!.slice, drawnNanoUsd: 0n }]);
    expect(world.try(10)).toBe(true);
  });

  test('that comes after all grants nothing', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(10);
    const lost = world.ask();
    world.lease.unanswered(lost);
    world.answer(lost);
    expect(world.try(10)).toBe(false);
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 0n }]);
  });

  test('is told of when the session ends', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(10);
    world.lease.unanswered(world.ask());
    world.ask();
    expect(world.lease.end()).toEqual([
      { slice: 's1', drawnNanoUsd: 0n },
      { slice: 's2', drawnNanoUsd: 0n },
    ]);
  });
});

describe('a recall', () => {
  test('closes every slice of a slot, tells what was drawn, and pauses asking', () => {
    const world = new World();
    world.warm(['org', 'team'], 100n);
    world.try(30);
    world.lease.recalled({ close: ['org'] }, world.now);
    expect(world.try(10)).toBe(false);
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 30n }]);
    expect(world.ask().wants.map(({ slot }) => slot)).not.toContain('org');
  });

  test('is about a slice that is on its way as well', () => {
    const world = new World();
    world.routed(routeOver(['org']));
    world.try(10);
    const ask = world.ask();
    world.lease.recalled({ close: ['org'] }, world.now);
    world.answer(ask);
    expect(world.try(10)).toBe(false);
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 0n }]);
  });

  test('of a route makes the next attempt ask; its slices serve the route that comes back', () => {
    const world = new World();
    world.warm(['org'], 100n);
    world.lease.recalled({ forget: ['org'] }, world.now);
    expect(world.try(10)).toBe(false);
    expect(world.lease.asksRoute(attempt(10), world.now)).toBe(true);
    world.routed(routeOver(['org'], { decision: 'warn' }));
    expect(world.lease.admit(attempt(10), world.now)).toMatchObject({ decision: 'warn' });
  });

  test('of everything leaves nothing, not even what is on its way', () => {
    const world = new World();
    world.warm(['org'], 100n);
    for (let at = 0; at < 9; at += 1) world.try(10);
    const ask = world.ask();
    world.lease.recalled({ all: true }, world.now);
    world.answer(ask);
    expect(world.closes()).toEqual([
      { slice: 's1', drawnNanoUsd: 90n },
      { slice: 's2', drawnNanoUsd: 0n },
    ]);
    expect(world.try(10)).toBe(false);
    expect(world.lease.asksRoute(attempt(10), world.now)).toBe(true);
    expect(world.lease.busy(world.now)).toBe(false);
  });
});

describe('a slice is closed', () => {
  test('when its time is over', () => {
    const world = new World();
    world.warm(['org'], 100n);
    for (let at = 0; at < 4; at += 1) {
      world.pass(1_250);
      if (at < 3) world.try(10);
    }
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 30n }]);
    expect(world.closes()).toEqual([]);
  });

  test('when nobody draws from it', () => {
    const world = new World();
    world.warm(['org'], 100n);
    world.pass(1_999);
    expect(world.closes()).toEqual([]);
    world.pass(1);
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 0n }]);
  });

  test('when it is spent, or what is left pays for no attempt', () => {
    const world = new World();
    world.warm(['org'], 35n);
    for (let at = 0; at < 3; at += 1) expect(world.try(10)).toBe(true);
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 30n }]);
  });

  test('when the process may sleep; nothing is wanted before the next attempts, which get a new one', () => {
    const world = new World();
    world.warm(['org'], 100n);
    world.try(10);
    world.lease.returnAll();
    expect(world.closes()).toEqual([{ slice: 's1', drawnNanoUsd: 10n }]);
    expect(world.lease.wants(world.now)).toBe(false);
    for (let at = 0; at < 2; at += 1) expect(world.try(10)).toBe(false);
    world.answer(world.ask());
    expect(world.try(10)).toBe(true);
  });
});

describe('what comes back', () => {
  test('an attempt that was never sent leaves the slices as they were', () => {
    const world = new World();
    world.warm(['org', 'team'], 10n);
    const { draws } = world.lease.admit(attempt(10), world.now)!;
    expect(world.try(10)).toBe(false);
    expect(world.lease.putBack(draws)).toBe(true);
    expect(world.try(10)).toBe(true);
  });

  test('not to a slice that is closed: then the server has to be told', () => {
    const world = new World();
    world.warm(['org', 'team'], 10n);
    const { draws } = world.lease.admit(attempt(10), world.now)!;
    world.lease.recalled({ close: ['team'] }, world.now);
    expect(world.lease.putBack(draws)).toBe(false);
    expect(world.lease.end()).toContainEqual({ slice: 's1', drawnNanoUsd: 10n });
  });
});

describe('memory', () => {
  test('three hundred customers under six budgets are admitted here, and forgotten when they are idle', () => {
    const world = new World();
    const shared = ['org', 'team', 'service', 'environment', 'workflow'];
    const customers = Array.from({ length: 300 }, (_, at) => ({ customer: `c${at}` }));
    for (const customer of customers) {
      world.try(10, customer);
      world.routed(routeOver([...shared, customer.customer]), attempt(10, customer));
      world.try(10, customer);
    }
    world.answer(world.ask());
    const admitted = customers.filter((customer) => world.try(10, customer));
    expect(admitted).toHaveLength(300);
    world.pass(70_000);
    expect(world.closes()).toHaveLength(305);
    expect(world.lease.size).toEqual({ routes: 0, slots: 0, slices: 0 });
    expect(world.lease.busy(world.now)).toBe(false);
  });

  test('keeps to its bound however many signatures come', () => {
    const world = new World({ routes: 100 });
    for (let at = 0; at < 10_000; at += 1) {
      const who = { customer: `c${at}` };
      world.routed(routeOver(['org', who.customer]), attempt(10, who));
      world.pass(1);
    }
    world.pass(10_000);
    world.closes();
    expect(world.lease.size.routes).toBeLessThanOrEqual(100);
    expect(world.lease.size.slots).toBeLessThanOrEqual(101);
  });
});

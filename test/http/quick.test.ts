import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { quickParse } from '../../src/http/quick.ts';
import * as schemas from '../../src/http/schemas.ts';
import { reservation, settlement, settlementBody } from './fixtures.ts';

const SCHEMAS = Object.entries(schemas).filter(([, value]) => value instanceof z.ZodType) as [string, z.ZodType][];

/** JSON of everything that our schemas know, whole or with something odd somewhere in it. */
const strings = fc.oneof(
  fc.constantFrom(
    'support',
    'a:b',
    '',
    'settled',
    'lost',
    'open',
    'ok',
    'aborted',
    'fp:0123456789abcdef0123456789abcdef',
  ),
  fc.constantFrom(
    '2026-11-15T12:00:00.000Z',
    '2026-02-30T12:00:00Z',
    '12',
    '012',
    '-1',
    'x'.repeat(256),
    'x'.repeat(257),
  ),
  fc.constantFrom('😀'.repeat(200), '😀'.repeat(257), '\ud800', 'a\nb', '\u0085', 'é'),
  fc.string({ unit: 'binary' }),
);
const numbers = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 1e10, 1e10 + 1, 2 ** 53, 1e300, 1024, 1025),
  fc.nat(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const scalars = fc.oneof(strings, numbers, fc.boolean(), fc.constant(null));
const names = fc.constantFrom(
  ...['attempt_id', 'call_id', 'session', 'bound', 'attribution', 'input_tokens', 'output_tokens', 'team', 'api_key'],
  ...['usage', 'measured', 'status', 'end', 'draws', 'slice', 'amount', 'wants', 'route', 'audio', 'unseen_input'],
  ...['__proto__', 'constructor', 'toString', 'x', 'settlements', 'closes', 'model', 'provider', 'choices', 'batch'],
);

const WHOLE = [
  { ...reservation, route: true, bound: { ...reservation.bound, choices: 2, audio: false, service_tier: 'flex' } },
  { ...settlement, bound: reservation.bound, draws: [{ slice: 's', amount: '12' }], served_model: 'x' },
  settlementBody,
  { settlements: [settlement, 1], closes: [{ session: 's', slice: 's', drawn: '0' }] },
  { session: 's', attribution: { api_key: 'fp:0123456789abcdef0123456789abcdef' }, pid: 1, host: 'h', version: '1' },
  { rules_version: '1', journal_length: 2, seq: 3, wants: [{ slice: 's', slot: 't', amount: '5', at_least: '1' }] },
  { session: 's', slice: 's', drawn: '7' },
  { reason: 'gone' },
  { settlements: [settlement] },
  settlementBody.usage,
  reservation.bound,
];

type Path = readonly (string | number)[];

/** Changes one place: another value, one property more, one less. */
const changed = fc
  .tuple(fc.constantFrom(...WHOLE), fc.nat(), fc.constantFrom('replace', 'add', 'drop', 'leave'), names, scalars)
  .map(([whole, place, change, name, value]) => {
    const copy = structuredClone(whole) as Record<string, unknown>;
    const paths = pathsOf(copy);
    const path = paths[place % paths.length] as Path;
    const last = path.at(-1) as string;
    const parent = path.slice(0, -1).reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], copy);
    const at = parent as Record<string, unknown>;
    if (change === 'replace') at[last] = value;
    else if (change === 'add')
      Object.defineProperty(at, name, { value, enumerable: true, writable: true, configurable: true });
    else if (change === 'drop') delete at[last];
    return JSON.parse(JSON.stringify(copy)) as unknown;
  });

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]));
  return path.length === 0 ? inner : [path, ...inner];
}

describe('what is read quickly is what zod reads', () => {
  it.each(SCHEMAS)('%s', (_, schema) => {
    let fitting = 0;
    const same = (value: unknown) => {
      const quick = quickParse(schema, value);
      const slow = schema.safeParse(value);
      expect(quick.success).toBe(slow.success);
      if (slow.success) fitting += 1;
      // As text, because the order of properties matters: requests are told apart by it.
      if (slow.success) expect(JSON.stringify(quick.data)).toBe(JSON.stringify(slow.data));
      else expect(quick.error?.issues).toEqual(slow.error.issues);
    };
    for (const whole of WHOLE) same(whole);
    fc.assert(fc.property(fc.oneof({ weight: 8, arbitrary: changed }, fc.jsonValue(), scalars), same), {
      numRuns: 2_000,
    });
    expect(fitting).toBeGreaterThan(0);
  });
});

describe('schemas of the hot endpoints are known here', () => {
  it.each([
    ['reservation', schemas.reservationRequestSchema, WHOLE[0]],
    ['settlement by itself', schemas.settlementBodySchema, WHOLE[2]],
    ['settlement of a batch', schemas.settlementRequestSchema, { ...settlement, served_model: 'x' }],
    ['batch', schemas.settlementsEnvelopeSchema, WHOLE[3]],
    ['settlement with draws', schemas.settlementRequestSchema, WHOLE[1]],
  ] as [string, z.ZodType, unknown][])('%s: zod is not asked', (_, schema, value) => {
    const spied = Object.create(schema) as z.ZodType;
    spied.safeParse = () => {
      throw new Error('zod was asked');
    };
    expect(quickParse(spied, value)).toMatchObject({ success: true });
  });
});

describe('what is not known here is left to zod', () => {
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['a transformation', z.string().transform(Number), '1', 1],
    ['a default', z.strictObject({ a: z.string().default('b') }), {}, { a: 'b' }],
    ['an object that may hold more', z.object({ a: z.string() }), { a: 'b', c: 1 }, { a: 'b' }],
    ['a union', z.union([z.string(), z.int()]), 1, 1],
    ['a trimmed string', z.string().trim(), ' a ', 'a'],
    ['a record', z.record(z.string(), z.int()), { a: 1 }, { a: 1 }],
    ['an array of a least length', z.array(z.int()).min(1), [1], [1]],
    ['a number that is no integer', z.number(), 0.5, 0.5],
    ['a pattern with a memory', z.string().regex(/a/g), 'a', 'a'],
    ['an object with a condition', z.strictObject({ a: z.int() }).refine(({ a }) => a > 0), { a: 1 }, { a: 1 }],
    ['null', z.int().nullable(), null, null],
  ])('%s', (_, schema, value, expected) => {
    expect(quickParse(schema, value)).toEqual({ success: true, data: expected });
    expect(quickParse(schema, value)).toEqual({ success: true, data: expected });
  });
});

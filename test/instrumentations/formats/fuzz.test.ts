/** Whatever JSON comes: no exception, counts that are counts, parts within their wholes, and arguments left alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Format, ResponseFacts } from '../../../instrumentations/formats/format.ts';
import { FORMATS } from '../../../instrumentations/formats/index.ts';
import { MAX_USAGE_COUNT, USAGE_COUNT_KEYS, type Usage } from '../../../src/domain/usage.ts';
import { bytes, isInOnePiece, RECORDINGS } from './recording.ts';

const request = { model: 'm', stream: false, bound: { inputTokens: 900, webSearches: 1 }, estimatedInputTokens: 300 };
const CHEAPER = { model: 'cheaper', maxOutputTokens: 5 };
const RUNS = { numRuns: 150 };

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, -1, 0, 0.5, 1e300, '12', '', [], {}, [[]], true, MAX_USAGE_COUNT + 1),
  fc.constantFrom<unknown>({ toString: 1, valueOf: 2 }, JSON.parse('{"__proto__":{"input_tokens":-3}}'), [null]),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Every place of a JSON value, as the path of keys to it. */
function placesIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => placesIn(member, [...path, key]))];
}

function replaceAt(value: unknown, path: string[], replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaceAt(copy[key], rest, replacement);
  return copy;
}

/** A value with a few of its places replaced by odd things. */
function mutated(value: unknown): fc.Arbitrary<unknown> {
  const edit = fc.tuple(fc.constantFrom(...placesIn(value)), odd);
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) =>
    edits.reduce<unknown>((result, [path, replacement]) => {
      try {
        return replaceAt(result, path, replacement);
      } catch {
        return result; // An earlier edit took this place away.
      }
    }, value),
  );
}

function expectSound(usage: Usage): void {
  for (const key of USAGE_COUNT_KEYS) {
    const count = usage[key];
    if (count === undefined) continue;
    expect(Number.isInteger(count) && count >= 0 && count <= MAX_USAGE_COUNT, `${key} ${count}`).toBe(true);
  }
  const cached = (usage.cachedReadTokens ?? 0) + (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0);
  expect(cached).toBeLessThanOrEqual(usage.inputTokens);
  expect(usage.reasoningTokens ?? 0).toBeLessThanOrEqual(usage.outputTokens);
}

function expectSoundFacts(facts: ResponseFacts): void {
  expect(facts.usage === undefined).toBe(facts.estimate !== undefined);
  if (facts.invalid !== undefined) expect(facts.usage).toBeUndefined();
  expectSound((facts.usage ?? facts.estimate)!);
  expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
}

function replayStream(format: Format, events: readonly unknown[]): ResponseFacts {
  const reader = format.stream(request);
  for (const event of events) {
    format.isExtraEvent?.(event);
    reader.push(event);
  }
  return reader.facts();
}

/** For the formats that read the model from it. */
function pathOf({ id }: Format): string | undefined {
  return RECORDINGS.find(({ format, path }) => format === id && path !== undefined)?.path;
}

function expectSoundRequest(format: Format, body: unknown): void {
  const path = pathOf(format);
  const before = JSON.stringify(body);
  const size = Buffer.byteLength(before ?? '');
  const facts = format.request(body, size, path);
  if (!facts || typeof body !== 'object' || body === null) return;
  expect(Number.isSafeInteger(facts.bound.inputTokens) && facts.bound.inputTokens >= 0).toBe(true);
  const { outputTokens } = facts.bound;
  if (outputTokens !== undefined) expect(outputTokens).toBeGreaterThanOrEqual(0);
  const lower = format.rewrite(body, CHEAPER);
  const lowerPath = path && (format.rewritePath?.(path, CHEAPER) ?? path);
  const isPossible = format.canRewrite?.(body, path ?? '', CHEAPER) ?? true;
  const models = isPossible ? ['cheaper'] : ['cheaper', facts.model];
  expect(models).toContain(format.request(lower, bytes(lower), lowerPath)?.model);
  format.rewrite(body, { maxOutputTokens: 5 });
  format.askForUsage?.(body);
  expect(JSON.stringify(body)).toBe(before);
}

describe.each(FORMATS)('$id', (format) => {
  const recordings = RECORDINGS.filter((recording) => recording.format === format.id);
  const streams = recordings.flatMap(({ events }) => (events ? [events] : []));
  const events = [...streams.flat(), ...recordings.flatMap(({ response }) => (response ? [response] : []))];

  it('takes any JSON for an answer', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expectSoundFacts(format.response(body, request));
        expectSoundFacts(replayStream(format, [body, body]));
      }),
      RUNS,
    );
  });

  it('takes an answer that is neither JSON nor events, of any size', () => {
    const asked = recordings.map((recording) => format.request(recording.request, bytes(recording.request))!);
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(request, ...asked.filter(Boolean)), (size, before) => {
        if (format.opaque) expectSoundFacts(format.opaque(Math.min(size, 2 ** 32), before));
      }),
      RUNS,
    );
  });

  it('takes any JSON for a request', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => expectSoundRequest(format, body)),
      RUNS,
    );
  });

  it('takes JSON that is nested deeper than the stack', () => {
    const deep = JSON.parse(`${'{"content":[{"input":'.repeat(30_000)}1${'}]}'.repeat(30_000)}`);
    expectSoundFacts(format.response({ ...deep, usage: deep }, request));
    for (const type of ['message_start', 'response.completed'])
      expectSoundFacts(replayStream(format, [{ type, message: deep, response: deep, choices: [{ delta: deep }] }]));
    expect(() =>
      format.request({ model: 'm', messages: [deep], input: [deep], tools: [deep], contents: [deep] }, 9),
    ).not.toThrow();
  });

  it('takes a model that is no string', () => {
    const body = { model: { toString: 1, valueOf: 2 }, max_tokens: 9 };
    expect(format.rewrite(body, { maxOutputTokens: 5 })).toMatchObject({ model: body.model });
  });

  it('takes recorded requests with odd things in them', () => {
    const requests = fc.constantFrom(...recordings.map((recording) => recording.request)).chain(mutated);
    fc.assert(
      fc.property(requests, (body) => expectSoundRequest(format, body)),
      RUNS,
    );
  });

  it('takes recorded answers and events with odd things in them', () => {
    const answers = fc.constantFrom(...events).chain(mutated);
    fc.assert(
      fc.property(answers, (body) => {
        expectSoundFacts(format.response(body, request));
        expectSoundFacts(replayStream(format, [body]));
      }),
      RUNS,
    );
  });

  it('takes events in any order, repeated, missing and odd', () => {
    const any = fc.array(fc.oneof(fc.constantFrom(...events), fc.constantFrom(...events).chain(mutated), odd), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(any, (some) => expectSoundFacts(replayStream(format, some))),
      RUNS,
    );
  });
});

describe.each(FORMATS.filter((format) => !isInOnePiece(format)))('streams of $id', (format) => {
  const streams = RECORDINGS.flatMap((recording) =>
    recording.format === format.id && recording.events ? [recording.events] : [],
  );

  it('has the same usage when each event comes twice', () => {
    for (const stream of streams) {
      const once = replayStream(format, stream);
      const twice = replayStream(
        format,
        stream.flatMap((event) => [event, event]),
      );
      expect(twice.usage).toEqual(once.usage);
    }
  });

  it('never measures a stream that was broken off before its usage came', () => {
    for (const stream of streams) {
      const last = stream.findLastIndex((event) => /"usage":\{/.test(JSON.stringify(event)));
      const first = stream
        .slice(0, last)
        .findIndex((event) => /"(?:prompt|completion)_tokens"/.test(JSON.stringify(event)));
      if (first >= 0) continue; // Running totals are measured at every event.
      for (let length = 0; length < last; length++) {
        const facts = replayStream(format, stream.slice(0, length));
        expect(facts.usage).toBeUndefined();
        expectSoundFacts(facts);
      }
    }
  });
});

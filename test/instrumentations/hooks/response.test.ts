/** Responses that are watched, beside those that are not: what the application finds of both. */
import { describe, expect, test } from 'vitest';
import { openaiChat } from '../../../instrumentations/formats/openai-chat.ts';
import { expectParsed, watchResponse } from '../../../instrumentations/hooks/response.ts';
import { stamps } from '../../../instrumentations/hooks/stamp.ts';
import type { Attempt } from '../../../src/client/attempt.ts';
import type { End } from '../../../src/client/meter.ts';

const BODY = { id: 'c1', model: 'gpt-4.1', choices: [], usage: { prompt_tokens: 40, completion_tokens: 12 } };
const facts = openaiChat.request({ model: 'gpt-4.1', messages: [] }, 100);
const tokens = { inputTokens: 40, outputTokens: 12 };
const JSON_TYPE = { headers: { 'content-type': 'application/json' } };

/** An attempt that only keeps how it ended. */
function attempt() {
  const ends: End[] = [];
  const end = (one: End): void => void ends.push(one);
  return { ends, attempt: { format: openaiChat, facts, end } as unknown as Attempt };
}

function watched<T extends Response>(response: T) {
  const { ends, attempt: of } = attempt();
  watchResponse(response, of, undefined);
  return { response, ends };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const answered = (end: End | undefined) => (end?.kind === 'answered' ? end.facts : end);

describe('a watched response', () => {
  test('is of its class, without properties of its own, and its methods look as before', () => {
    const before = Object.getOwnPropertyDescriptors(Response.prototype);
    const { response } = watched(new Response('{}', JSON_TYPE));
    expect(Object.getPrototypeOf(response)).toBe(Response.prototype);
    expect(Reflect.ownKeys(response)).toEqual(Reflect.ownKeys(new Response('{}')));
    for (const [name, { value, get, ...attributes }] of Object.entries(before)) {
      const after = Object.getOwnPropertyDescriptor(Response.prototype, name)!;
      expect(after, name).toMatchObject(attributes);
      const [now, then] = [after.value ?? after.get, value ?? get];
      if (typeof then === 'function') expect([now.name, now.length], name).toEqual([then.name, then.length]);
    }
  });

  test('that nobody watches is read as it is', async () => {
    watched(new Response('{}', JSON_TYPE));
    const other = new Response('data: 1\n\n');
    expect(other.clone().body).toBeInstanceOf(ReadableStream);
    expect(await other.text()).toBe('data: 1\n\n');
    await expect(new Response('{').json()).rejects.toThrow(SyntaxError);
    await expect(Response.prototype.text.call({} as Response)).rejects.toThrow(TypeError);
  });

  test('of a subclass that reads through its parent tells once', async () => {
    class Loud extends Response {
      override async json() {
        return JSON.parse(await super.text());
      }
    }
    const { response, ends } = watched(new Loud(JSON.stringify(BODY), JSON_TYPE));
    expect(await response.json()).toEqual(BODY);
    await settled();
    expect(ends).toHaveLength(1);
    expect(answered(ends[0])).toMatchObject({ usage: tokens });
  });

  test.each([
    ['methods of its own', Object.assign(new Response(null, JSON_TYPE), { json: async () => BODY })],
    ['nothing of a Response', { ok: true, headers: new Headers(), json: async () => BODY } as unknown as Response],
  ])('that is a mock with %s is read too', async (_, mock) => {
    const { response, ends } = watched(mock);
    expect(await response.json()).toBe(BODY);
    expect(answered(ends[0])).toMatchObject({ usage: tokens });
  });

  test('that was handed out again belongs to the attempt that handed it out last', async () => {
    const once = new Response(JSON.stringify(BODY), JSON_TYPE);
    const first = watched(once);
    const second = watched(once);
    await once.json();
    expect([first.ends.length, second.ends.length]).toEqual([0, 1]);
  });
});

describe('a text that the SDK parses', () => {
  const text = JSON.stringify(BODY);
  const other = { ...BODY, id: 'another' };

  test.each([
    ['is taken as what was parsed of it', text, async () => other, true, 'another'],
    ['is parsed here where that was of another response', text, async () => other, false, 'c1'],
    ['is parsed here where the SDK gives no object', text, async () => 'text', true, 'c1'],
    ['is parsed here where the SDK throws', text, () => Promise.reject(new Error('late')), true, 'c1'],
  ])('%s', async (_, body, parse, isOfResponse, responseId) => {
    const { response, ends } = watched(new Response(body, JSON_TYPE));
    const parsed = response.text().then<unknown>(parse);
    expectParsed(response, parsed, () => isOfResponse);
    await parsed.catch(() => undefined);
    await settled();
    expect(ends).toHaveLength(1);
    expect(answered(ends[0])).toMatchObject({ responseId, usage: tokens });
  });

  test('is parsed here where it is read outside the SDK', async () => {
    const { response, ends } = watched(new Response(text, JSON_TYPE));
    await response.text();
    expect(answered(ends[0])).toMatchObject({ responseId: 'c1' });
  });

  test('of a response that nobody watches is left alone, also when the SDK throws', async () => {
    const parsed = Promise.reject(new Error('late'));
    expectParsed(new Response(text), parsed, () => true);
    await expect(parsed).rejects.toThrow('late');
  });
});

describe('a stamp', () => {
  const marks = stamps<string>();

  test.each([
    ['an object', {}],
    ['a frozen object', Object.freeze({})],
    ['a proxy', new Proxy({}, {})],
  ])('on %s is found again, can be put anew, and cannot be seen', (_, object) => {
    expect(marks.of(object)).toBeUndefined();
    marks.put(object, 'a');
    marks.put(object, 'b');
    expect(marks.of(object)).toBe('b');
    expect(stamps().of(object)).toBeUndefined();
    expect(Reflect.ownKeys(object)).toEqual([]);
    expect(marks.of({ ...object })).toBeUndefined();
  });
});

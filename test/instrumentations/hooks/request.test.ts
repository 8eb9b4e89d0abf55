import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiKeyOf, withoutOwnBaggage } from '../../../instrumentations/hooks/headers.ts';
import { serialise, textOf } from '../../../instrumentations/hooks/request-body.ts';

describe('a changed body', () => {
  test('is written as JSON.stringify would mean it, whatever was changed', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(object, object, (before, change) => {
        const after = { ...before, ...change };
        const text = serialise(JSON.stringify(before), before, after);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(after)));
      }),
    );
  });

  test('is not serialised again where members were only added', () => {
    const before = { prompt: 'x' };
    expect(serialise('{"prompt": "x"}', before, { ...before, a: 1 })).toBe('{"a":1,"prompt": "x"}');
    expect(serialise('{"prompt": "x"}', before, before)).toBe('{"prompt": "x"}');
  });
});

test.each([
  ['a string', 'é', 'é'],
  ['bytes', Buffer.from('xéx').subarray(1, 3), 'é'],
  ['a buffer', Uint8Array.from(Buffer.from('é')).buffer, 'é'],
  ['a form', new URLSearchParams('a=1'), undefined],
  ['a stream', new ReadableStream(), undefined],
])('the text of %s', (_, body, text) => {
  expect(textOf(body)).toBe(text);
});

test.each([
  [{ Authorization: 'Bearer sk-1' }, 'sk-1'],
  [[['x-api-key', 'sk-2']], 'sk-2'],
  [new Headers({ 'api-key': 'sk-3' }), 'sk-3'],
  [{ 'x-goog-api-key': 'sk-4' }, 'sk-4'],
  [{ authorization: 'Basic abc' }, undefined],
  [undefined, undefined],
])('the key in %o', (headers, key) => {
  expect(apiKeyOf(headers as Headers)).toBe(key);
});

test.each([
  ['spendfuse.team=a', null],
  ['other=b,spendfuse.team=a;x=y, third=c', 'other=b, third=c'],
])('baggage %s leaves as %s', (baggage, left) => {
  expect(new Headers(withoutOwnBaggage({ baggage }) as Headers).get('baggage')).toBe(left);
});

test('headers without our baggage are left as they are', () => {
  const headers = { baggage: 'other=b' };
  expect(withoutOwnBaggage(headers)).toBe(headers);
});

/** Requests that are forms: read by their fields, denied, and sent as something cheaper only where that can be said. */
import { describe, expect, test } from 'vitest';
import { formWith, isForm, readForm } from '../../../instrumentations/hooks/form-body.ts';
import { app, downgrade, IMPORT, useStage } from '../../support/stage.ts';
import { deny } from '../../support/stub-server.ts';

function form(): FormData {
  const fields = new FormData();
  fields.append('model', 'gpt-image-1');
  fields.append('prompt', 'Grüße');
  fields.append('image[]', new File(['12345'], 'secret.name.PNG', { type: 'image/png' }));
  fields.append('image[]', new Blob(['123']));
  return fields;
}

describe('the fields of a form', () => {
  test('are its texts, and of its files what they say they are', () => {
    expect(readForm(form())).toEqual({
      body: {
        model: 'gpt-image-1',
        prompt: 'Grüße',
        image: [
          { file: true, bytes: 5, kind: 'image/png png' },
          { file: true, bytes: 3, kind: '' },
        ],
      },
      bytes: 11 + 7 + 8,
    });
  });

  test('are none of the prototype', () => {
    const odd = new FormData();
    odd.append('__proto__', 'x');
    expect(Object.hasOwn(readForm(odd).body, '__proto__')).toBe(true);
  });

  test.each([
    ['a form', form(), true],
    ['parameters', new URLSearchParams(), false],
    ['nothing', null, false],
  ])('exist of %s: %s', (_, body, expected) => {
    expect(isForm(body)).toBe(expected);
  });
});

describe('a form with another model', () => {
  test('is a new one of the same files, in the same order, under the same names', () => {
    const before = form();
    const { body } = readForm(before);
    const after = formWith(before, body, { ...body, model: 'gpt-image-1-mini' });
    expect(before.get('model')).toBe('gpt-image-1');
    const named = (one: FormData) =>
      [...one.entries()].map(([key, value]) => [key, typeof value === 'string' ? value : [value.name, value.size]]);
    expect(named(after)).toEqual(named(before).map(([key, v]) => [key, key === 'model' ? 'gpt-image-1-mini' : v]));
  });

  test('is the same where nothing is another', () => {
    const before = form();
    const { body } = readForm(before);
    expect(formWith(before, body, { ...body })).toBe(before);
  });

  test('names one also where it named none', () => {
    const before = new FormData();
    before.append('prompt', 'hi');
    const { body } = readForm(before);
    expect([...formWith(before, body, { ...body, model: 'b' }).keys()]).toEqual(['prompt', 'model']);
  });
});

const stage = useStage();
const WAYS = ['openai', 'azure', 'fetch', 'fetch of a request', 'fetch of a request with baggage'];

async function send(WAY: string) {
  const ran = await stage.run([...IMPORT, app('forms.mjs')], { WAY, SPENDFUSE_ACCEPT_BAGGAGE: '' });
  expect(ran.stderr).toBe('');
  return ran.json as Record<string, unknown>;
}

const counted = { type: 'duration', seconds: 9 };

describe('a recording sent by a form', () => {
  test.each(WAYS)('by %s is bounded by its size, and settled by the second', async (way) => {
    const seen = await send(way);
    expect(JSON.stringify(seen)).toContain(JSON.stringify(counted));
    const [reservation] = stage.stub.reservations;
    expect(reservation).toMatchObject({ model: 'whisper-1', bound: { input_tokens: 0, input_audio_seconds: 4 } });
    const [settlement] = await stage.stub.settled(1);
    expect(settlement).toMatchObject({ end: 'settled', measured: true, usage: { input_audio_seconds: 9 } });
    const [{ body, headers } = { body: {}, headers: {} }] = stage.provider.seen;
    expect(body).toMatchObject({ model: 'whisper-1', file: { bytes: 4000, name: 'Grüße.mp3', type: 'audio/mpeg' } });
    expect(headers).not.toHaveProperty('baggage');
  });

  test.each([...WAYS, 'openai, read as it is sent'])('by %s is not sent where it is denied', async (way) => {
    stage.stub.decide = deny;
    const seen = await send(way);
    expect(JSON.stringify(seen)).toMatch(/402/);
    expect(stage.provider.seen).toEqual([]);
  });

  test.each(WAYS)('by %s is sent as something cheaper, and nothing else in it is another', async (way) => {
    stage.stub.decide = downgrade({ model: 'gpt-4o-mini-transcribe' });
    const seen = await send(way);
    expect(seen.model).toBe('whisper-1'); // The application's own form.
    const [{ body, path } = { body: {}, path: '' }] = stage.provider.seen;
    expect(body).toMatchObject({ model: 'gpt-4o-mini-transcribe', file: { bytes: 4000, name: 'Grüße.mp3' } });
    if (way === 'azure') expect(path).toContain('/deployments/gpt-4o-mini-transcribe/audio/');
    const [settlement] = await stage.stub.settled(1);
    expect(settlement).toMatchObject({ model: 'gpt-4o-mini-transcribe', measured: true, usage: { input_tokens: 40 } });
  });

  test('that is read as it is sent is denied where only something cheaper is allowed: it cannot be changed', async () => {
    stage.stub.decide = downgrade({ model: 'gpt-4o-mini-transcribe' });
    expect((await send('openai, read as it is sent')).error).toMatchObject({
      name: 'BudgetExceededError',
      status: 402,
    });
    expect(stage.provider.seen).toEqual([]);
    const [settlement] = await stage.stub.settled(1);
    expect(settlement?.end).toBe('released');
  });

  test('that is read as it is sent may be the largest that is taken, and is settled all the same', async () => {
    await send('openai, read as it is sent');
    expect(stage.stub.reservations[0]?.bound.input_audio_seconds).toBe(52_429);
    expect((await stage.stub.settled(1))[0]?.usage).toMatchObject({ input_audio_seconds: 9 });
  });
});

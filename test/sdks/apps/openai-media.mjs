import { Readable } from 'node:stream';
import { collect, collectGarbage, lines } from './run-cases.mjs';

/** Cases beyond chats. `clients`: one of OpenAI, one of Azure. */
export function mediaCases({ client, azure }) {
  const step = (name) => ({ headers: { 'x-step': name } });
  const file = (name, type) => new File(['x'.repeat(4000)], name, { type });
  const recording = () => file('Grüße.mp3', 'audio/mpeg');
  const picture = (name = 'a.png') => file(name, 'image/png');
  const text = { model: 'gpt-3.5-turbo-instruct', prompt: 'Grüße, 世界', max_tokens: 20 };
  const paint = { model: 'gpt-image-1', prompt: 'Grüße, 世界', quality: 'low' };
  const say = { model: 'tts-1', voice: 'alloy', input: 'Grüße, 世界' };
  const hear = { model: 'gpt-4o-transcribe', prompt: 'Grüße' };
  const speak = (body = say, options) => client.audio.speech.create(body, options);
  const transcribe = (body = {}, options) =>
    client.audio.transcriptions.create({ ...hear, file: recording(), ...body }, options);
  const edit = (body = {}) => client.images.edit({ ...paint, image: picture(), ...body });
  const broken = async (stream, after = 2) => {
    const seen = [];
    for await (const event of stream) {
      seen.push(event);
      if (seen.length === after) break;
    }
    return seen;
  };
  return {
    'completions json': () => client.completions.create(text),
    'completions stream': async () => collect(await client.completions.create({ ...text, stream: true })),
    'completions stream with usage': async () =>
      collect(await client.completions.create({ ...text, stream: true, stream_options: { include_usage: true } })),
    'completions stream break': async () =>
      broken(await client.completions.create({ ...text, stream: true }, step('slow'))),
    'images json': () => client.images.generate(paint),
    'images by the piece': () => client.images.generate({ model: 'dall-e-3', prompt: 'Grüße' }),
    'images stream': async () => collect(await client.images.generate({ ...paint, stream: true, partial_images: 3 })),
    'images stream break': async () =>
      broken(await client.images.generate({ ...paint, stream: true, partial_images: 3 }, step('slow'))),
    'images edit': () => edit(),
    'images edit of two files, as a stream': async () =>
      collect(await edit({ image: [picture(), picture('b.png')], stream: true, n: 1 })),
    'images edit of a file that is read as it is sent': () => edit({ image: Readable.from([Buffer.from('png')]) }),
    'images variation': () => client.images.createVariation({ model: 'dall-e-2', image: picture() }),
    'speech arrayBuffer()': async () => Buffer.from(await (await speak()).arrayBuffer()).toString(),
    'speech blob()': async () => {
      const blob = await (await speak()).blob();
      return [blob.size, blob.type];
    },
    'speech text()': async () => (await speak()).text(),
    'speech body': async () => lines((await speak()).body),
    'speech clone()': async () => {
      const response = await speak();
      return [await response.clone().text(), await response.text()];
    },
    'speech broken off': async () => {
      for await (const _ of (await speak(say, step('slow'))).body) break;
    },
    'speech unread': async () => {
      await (async () => void (await speak()).status)();
      await collectGarbage();
    },
    'speech cut': async () => (await speak(say, step('cut'))).arrayBuffer(),
    'speech 500 then ok': async () => (await speak(say, step('500'))).text(),
    'speech by the token': async () => (await speak({ ...say, model: 'gpt-4o-mini-tts' })).text(),
    'speech as events': async () =>
      lines((await speak({ ...say, model: 'gpt-4o-mini-tts', stream_format: 'sse' })).body),
    transcription: () => transcribe(),
    'transcription withResponse': async () => {
      const { data, response } = await transcribe().withResponse();
      return [data, response.status];
    },
    'transcription by the second': () => transcribe({ model: 'whisper-1' }),
    'transcription as text': () => transcribe({ model: 'whisper-1', response_format: 'text' }),
    'transcription stream': async () => collect(await transcribe({ stream: true })),
    'transcription stream break': async () => broken(await transcribe({ stream: true }, step('slow'))),
    'transcription of a file that is read as it is sent': () =>
      transcribe({ file: Readable.from([Buffer.from('mp3')]) }),
    'transcription 400': () => transcribe({}, step('400')),
    'transcription 429 then ok': () => transcribe({}, step('429')),
    'transcription timeout': () => transcribe({}, { ...step('hang'), timeout: 1000, maxRetries: 0 }),
    'transcription aborted before': () => transcribe({}, { signal: AbortSignal.abort() }),
    translation: () => client.audio.translations.create({ model: 'whisper-1', file: recording() }),
    'translation that tells its length': () =>
      client.audio.translations.create({ model: 'whisper-1', file: recording(), response_format: 'verbose_json' }),
    'azure images': () => azure.images.generate(paint),
    'azure transcription': () => azure.audio.transcriptions.create({ ...hear, file: recording() }),
    'batch started': () =>
      client.batches.create({ input_file_id: 'one', endpoint: '/v1/chat/completions', completion_window: '24h' }),
    'batch read back, time and again': async () => [
      await client.batches.retrieve('batch_running'),
      await client.batches.retrieve('batch_two'),
      await client.batches.retrieve('batch_two'),
    ],
    'batches listed': async () => collect(await client.batches.list()),
    'batch of Azure read back': () => azure.batches.retrieve('batch_azure'),
    'moderation, file, model': async () => [
      await client.moderations.create({ model: 'omni-moderation-latest', input: 'Grüße' }),
      await client.files.create({ file: recording(), purpose: 'user_data' }),
      (await client.get('/models', {})) !== undefined,
    ],
  };
}

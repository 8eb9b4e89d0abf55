/** Sends one recording in the way that `WAY` names, and prints what came of it. */
import { Readable } from 'node:stream';
import OpenAI, { AzureOpenAI } from 'openai';
import { flush } from '../../../src/index.ts';

const url = process.env.PROVIDER;
const options = { apiKey: 'sk-secret', baseURL: `${url}/v1` };
const file = () => new File(['x'.repeat(4000)], 'Grüße.mp3', { type: 'audio/mpeg' });
const transcribe = (client, recording = file()) =>
  client.audio.transcriptions.create({ model: 'whisper-1', file: recording, language: 'de', temperature: 0 });

function form() {
  const fields = new FormData();
  fields.append('file', file());
  fields.append('model', 'whisper-1');
  fields.append('timestamp_granularities[]', 'word');
  fields.append('timestamp_granularities[]', 'segment');
  return fields;
}

async function answerOf(sending) {
  const response = await sending;
  return { status: response.status, body: await response.json() };
}

const given = form();
const address = `${url}/v1/audio/transcriptions`;
const ways = {
  openai: () => transcribe(new OpenAI(options)),
  'openai, read as it is sent': () => transcribe(new OpenAI(options), Readable.from([Buffer.from('mp3')])),
  azure: () => transcribe(new AzureOpenAI({ apiKey: 'secret', endpoint: url, apiVersion: '2026-01-01' })),
  fetch: () => answerOf(fetch(address, { method: 'POST', body: given })),
  'fetch of a request': () => answerOf(fetch(new Request(address, { method: 'POST', body: given }))),
  'fetch of a request with baggage': () =>
    answerOf(fetch(new Request(address, { method: 'POST', body: given, headers: { baggage: 'spendfuse.user=u' } }))),
};

let seen;
try {
  seen = { result: await ways[process.env.WAY]() };
} catch (error) {
  seen = { error: { name: error.name, status: error.status, message: error.message } };
}
await flush();
console.log(JSON.stringify({ ...seen, model: given.get('model') }));

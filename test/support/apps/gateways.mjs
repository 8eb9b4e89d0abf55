/** Chat completions of OpenAI's SDK, one after the other, as `CALLS` says: base URL, model, headers, what the gateway adds. */
import OpenAI from 'openai';
import { flush } from '../../../src/index.ts';

const outcomes = [];
for (const { baseURL, model = 'gpt-4.1', headers = {}, answer, stream } of JSON.parse(process.env.CALLS)) {
  const client = new OpenAI({ apiKey: 'k', baseURL: baseURL.replace('GATEWAY', process.env.GATEWAY), maxRetries: 0 });
  const body = { model, messages: [{ role: 'user', content: 'Hello' }], stream };
  try {
    const request = { headers: { ...headers, ...(answer && { 'x-answer': JSON.stringify(answer) }) } };
    const result = await client.chat.completions.create(body, request);
    if (stream) for await (const _ of result);
    outcomes.push('ok');
  } catch (error) {
    outcomes.push(String(error.code ?? error.name));
  }
}
await flush();
console.log(JSON.stringify(outcomes));

import { load } from './load.mjs';
import { collect, collectGarbage, runCases } from './run-cases.mjs';

const { Ollama } = await load();
const host = process.env.PROVIDER;
const client = new Ollama({ host });
const on = (step) => new Ollama({ host, headers: { 'x-step': step } });
const body = { model: 'llama3.2', messages: [{ role: 'user', content: 'Grüße, 世界' }], options: { num_predict: 100 } };
const stream = { ...body, stream: true };

await runCases({
  json: () => client.chat(body),
  'json in parallel': () => Promise.all([client.chat(body), client.chat(body)]),
  stream: async () => collect(await client.chat(stream)),
  'stream break': async () => {
    const seen = [];
    await (async () => {
      for await (const event of await on('slow').chat(stream)) {
        seen.push(event);
        if (seen.length === 3) break;
      }
    })();
    await collectGarbage();
    return seen;
  },
  'stream abort': async () => {
    const events = await on('slow').chat(stream);
    const seen = [];
    for await (const event of events) {
      seen.push(event);
      if (seen.length === 3) events.abort();
    }
    return seen.slice(0, 3); // What else had arrived by then is the network's business.
  },
  'client abort': async () => {
    const own = on('slow');
    const seen = [];
    for await (const event of await own.chat(stream)) {
      seen.push(event);
      if (seen.length === 3) own.abort();
    }
    return seen.slice(0, 3); // What else had arrived by then is the network's business.
  },
  'stream cut': async () => collect(await on('cut').chat(stream)),
  400: () => on('400').chat(body),
  generate: () => client.generate({ model: 'llama3.2', prompt: 'hi' }),
  'generate stream': async () => collect(await client.generate({ model: 'llama3.2', prompt: 'hi', stream: true })),
  embed: () => client.embed({ model: 'nomic-embed-text', input: 'hi' }),
  'older embeddings': () => client.embeddings({ model: 'nomic-embed-text', prompt: 'hi' }),
});

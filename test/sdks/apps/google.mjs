import { load } from './load.mjs';
import { collect, collectGarbage, lines, runCases } from './run-cases.mjs';

const { GoogleGenAI, RawReferenceImage } = await load();

const url = process.env.PROVIDER;
const httpOptions = { baseUrl: url };
const ai = new GoogleGenAI({ apiKey: 'AIza-secret', httpOptions });
const vertex = new GoogleGenAI({ vertexai: true, apiKey: 'AQ.secret', httpOptions });
const ask = { model: 'gemini-2.5-flash', contents: 'Grüße, 世界' };
const RETRIES = { attempts: 3, initialDelay: 0.001, maxDelay: 0.001, jitter: 0 };
const step = (name) => ({ httpOptions: { headers: { 'x-step': name } } });
const once = (name, id) => ({
  httpOptions: { headers: { 'x-step': name, 'x-step-once': `${id} of ${process.pid}` }, retryOptions: RETRIES },
});

const create = (config, client = ai) => client.models.generateContent({ ...ask, config });
const stream = (config, client = ai) => client.models.generateContentStream({ ...ask, config });
const array = (init) =>
  fetch(`${url}/v1beta/models/gemini-2.5-flash:streamGenerateContent?key=AIza-secret`, {
    method: 'POST',
    body: JSON.stringify({ contents: [{ parts: [{ text: 'Grüße' }] }] }),
    ...init,
  });
const PICTURE = { imageBytes: 'iVBORw0KGgo=', mimeType: 'image/png' };
/** Of pictures, how many there are and why there are no more. */
const pictures = ({ generatedImages = [] }) =>
  generatedImages.map(({ image, raiFilteredReason }) => image?.imageBytes ?? raiFilteredReason);
const paint = (config, prompt = ask.contents) =>
  vertex.models.generateImages({ model: 'imagen-4.0-generate-001', prompt, config });
/** Of headers only what does not change from call to call. */
const seen = (response) => ({
  ...response,
  sdkHttpResponse: Object.keys(response.sdkHttpResponse ?? {}),
  text: response.text,
});
/** The SDK lets go of a stream and nobody ever hears of it again; the hook's timer, set before this one, takes it for left. */
const left = () => new Promise((resolve) => setTimeout(resolve, 1000));
const all = async (chunks) => (await collect(await chunks)).map(seen);

await runCases({
  json: async () => seen(await create()),
  'json in parallel': async () => (await Promise.all([create(), create(), create()])).map(seen),
  'json with config': async () => seen(await create({ maxOutputTokens: 100, systemInstruction: 'Be brief.' })),
  stream: () => all(stream()),
  'stream break': async () => {
    const chunks = [];
    for await (const chunk of await stream(step('slow'))) {
      chunks.push(seen(chunk));
      if (chunks.length === 3) break;
    }
    await left();
    return chunks;
  },
  'stream abort': async () => {
    const controller = new AbortController();
    let chunks = 0;
    for await (const _ of await stream({ ...step('slow'), abortSignal: controller.signal })) {
      chunks += 1;
      if (chunks === 2) setTimeout(() => controller.abort(), 5);
    }
    return chunks;
  },
  'stream unread': async () => {
    await (async () => void (await stream()))();
    await collectGarbage();
  },
  'aborted before': () => create({ abortSignal: AbortSignal.abort() }),
  'aborted while waiting': () => create({ ...step('hang'), abortSignal: AbortSignal.timeout(1500) }),
  timeout: () => create({ httpOptions: { ...step('hang').httpOptions, timeout: 1500 } }),
  400: () => create(step('400')),
  429: () => create(step('429')),
  '429 then ok': async () => seen(await create(once('429', 'a'))),
  'stream 500 then ok': () => all(stream(once('500', 'b'))),
  'stream cut': () => all(stream(step('cut'))),
  'json cut': () => create(step('cut')),
  'nobody listens': () =>
    create(undefined, new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: 'http://127.0.0.1:4' } })),
  'function call and its answer': async () => {
    const functionDeclarations = [{ name: 'weather', parametersJsonSchema: { type: 'object', properties: {} } }];
    const config = { tools: [{ functionDeclarations }] };
    const first = await create(config);
    const answer = { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: 'rain' } } }] };
    const contents = [{ role: 'user', parts: [{ text: 'Bonn?' }] }, first.candidates[0].content, answer];
    return [seen(first), seen(await ai.models.generateContent({ ...ask, contents, config }))];
  },
  'tool that the SDK calls': async () => {
    const weather = {
      tool: async () => ({ functionDeclarations: [{ name: 'weather', parametersJsonSchema: { type: 'object' } }] }),
      callTool: async (calls) =>
        calls.map(({ name }) => ({ functionResponse: { name, response: { output: 'rain' } } })),
    };
    return seen(await create({ tools: [weather] }));
  },
  chat: async () => {
    const chat = ai.chats.create({ model: ask.model });
    await chat.sendMessage({ message: 'hi' });
    await collect(await chat.sendMessageStream({ message: 'and?' }));
    return chat.getHistory();
  },
  interaction: async () => {
    const { sdkHttpResponse, ...answer } = await ai.interactions.create({ model: ask.model, input: ask.contents });
    return { ...answer, read: sdkHttpResponse?.headers !== undefined };
  },
  'interaction stream': async () =>
    collect(await ai.interactions.create({ model: ask.model, input: ask.contents, stream: true })),
  'interaction stream break': async () => {
    const { interactions } = new GoogleGenAI({
      apiKey: 'AIza-secret',
      httpOptions: { ...httpOptions, ...step('slow').httpOptions },
    });
    const events = [];
    for await (const event of await interactions.create({ model: ask.model, input: 'hi', stream: true })) {
      events.push(event);
      if (events.length === 3) break;
    }
    await left();
    return events;
  },
  'own fetch': async () => seen(await create({ httpOptions: { fetch: (...args) => fetch(...args) } })),
  embeddings: async () => (await ai.models.embedContent({ model: 'gemini-embedding-001', contents: 'hi' })).embeddings,
  'tokens counted': async () => (await ai.models.countTokens(ask)).totalTokens,
  'vertex json': async () => seen(await create(undefined, vertex)),
  'vertex stream': () => all(stream(undefined, vertex)),
  'vertex embeddings': async () =>
    (await vertex.models.embedContent({ model: 'text-embedding-005', contents: 'hi' })).embeddings,
  'vertex pictures': async () => pictures(await paint({ numberOfImages: 2 })),
  'vertex pictures, as many as by default': async () => pictures(await paint()),
  'vertex pictures, one filtered': async () =>
    pictures(await paint({ numberOfImages: 3, includeRaiReason: true }, 'one filtered')),
  'vertex pictures, all filtered': async () => pictures(await paint({ numberOfImages: 1 }, 'all filtered')),
  'vertex pictures, 400': () => paint(step('400')),
  'vertex pictures, cut': () => paint(step('cut')),
  'vertex picture edited': async () => {
    const reference = Object.assign(new RawReferenceImage(), { referenceId: 1, referenceImage: PICTURE });
    const config = { numberOfImages: 1 };
    const asked = { model: 'imagen-3.0-capability-001', prompt: ask.contents, referenceImages: [reference], config };
    return pictures(await vertex.models.editImage(asked));
  },
  'vertex picture enlarged': async () =>
    pictures(
      await vertex.models.upscaleImage({
        model: 'imagen-4.0-upscale-preview',
        image: PICTURE,
        upscaleFactor: 'x2',
      }),
    ),
  'vertex picture in another place': async () =>
    pictures(
      await vertex.models.recontextImage({
        model: 'imagen-product-recontext-preview-06-30',
        source: { prompt: ask.contents, productImages: [{ productImage: PICTURE }] },
        config: { numberOfImages: 1 },
      }),
    ),
  'pictures of the Gemini API': async () => {
    const response = await fetch(`${url}/v1beta/models/imagen-4.0-fast-generate-001:predict?key=AIza-secret`, {
      method: 'POST',
      body: JSON.stringify({ instances: [{ prompt: ask.contents }], parameters: { sampleCount: 2 } }),
    });
    return response.json();
  },
  'a prediction of something else': async () => {
    const response = await fetch(`${url}/v1/projects/p/locations/l/endpoints/12:predict`, {
      method: 'POST',
      body: JSON.stringify({ instances: [{ prompt: ask.contents }] }),
    });
    return response.json();
  },
  'array of chunks': async () => (await array()).json(),
  'array of chunks, text()': async () => (await array()).text(),
  'array of chunks, body': async () => lines((await array()).body),
  'array of chunks, cut': async () => lines((await array({ headers: { 'x-step': 'cut' } })).body),
  'array of chunks, left': async () => {
    const reader = (await array({ headers: { 'x-step': 'slow' } })).body.getReader();
    // Until the first chunk is whole, however it is cut on its way.
    for (let text = ''; !text.includes('\n,'); ) text += Buffer.from((await reader.read()).value).toString();
    await reader.cancel();
  },
});

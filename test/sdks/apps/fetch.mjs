import { collectGarbage, lines, runCases } from './run-cases.mjs';

const url = `${process.env.PROVIDER}/v1/chat/completions`;
const body = { model: 'gpt-4.1', max_tokens: 100, messages: [{ role: 'user', content: 'Grüße' }] };
const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-secret-of-fetch' };
const post = (more = {}, init = {}) =>
  fetch(url, { method: 'POST', headers, body: JSON.stringify({ ...body, ...more }), ...init });
const stream = { stream: true };

await runCases({
  'fetch itself': () => ({
    name: fetch.name,
    length: fetch.length,
    ...Object.getOwnPropertyDescriptor(globalThis, 'fetch'),
    value: typeof fetch,
  }),
  'json()': async () => (await post()).json(),
  'text()': async () => (await post()).text(),
  'bytes()': async () => Buffer.from(await (await post()).bytes()).toString(),
  'blob()': async () => (await (await post()).blob()).text(),
  response: async () => {
    const response = await post();
    const { status, ok, redirected, type, statusText } = response;
    const proto = Object.getPrototypeOf(response) === Response.prototype;
    return {
      status,
      ok,
      redirected,
      type,
      statusText,
      keys: Object.keys(response),
      proto,
      same: new Set([response.body, response.body]).size === 1,
      url: response.url === url,
      body: await response.json(),
    };
  },
  'body as bytes': async () => (await post({}, { body: Buffer.from(JSON.stringify(body)) })).json(),
  'lower-case method': async () => (await post({}, { method: 'post' })).json(),
  'Request object': async () =>
    (await fetch(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }))).json(),
  'Request object, stream': async () =>
    lines(
      (await fetch(new Request(url, { method: 'POST', headers, body: JSON.stringify({ ...body, stream: true }) })))
        .body,
    ),
  'URL object': async () =>
    (
      await fetch(new URL(url), { method: 'POST', headers: Object.entries(headers), body: JSON.stringify(body) })
    ).json(),
  'stream, for await': async () => lines((await post(stream)).body),
  'stream, getReader': async () => {
    const reader = (await post(stream)).body.getReader();
    const chunks = [];
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
    return {
      text: await lines(chunks),
      closed: await reader.closed,
      plain: chunks.every((chunk) => chunk.constructor === Uint8Array),
    };
  },
  'stream, byob reader': async () => {
    const reader = (await post({ stream: true, stream_options: { include_usage: true } })).body.getReader({
      mode: 'byob',
    });
    const chunks = [];
    let view = new Uint8Array(64);
    for (let read = await reader.read(view); !read.done; read = await reader.read(view)) {
      chunks.push(Uint8Array.from(read.value));
      view = new Uint8Array(read.value.buffer);
    }
    return lines(chunks);
  },
  'stream, pipeThrough': async () => {
    let text = '';
    for await (const part of (await post(stream)).body.pipeThrough(new TextDecoderStream())) text += part;
    return lines([Buffer.from(text)]);
  },
  'stream, tee': async () => {
    const [left, right] = (await post(stream)).body.tee();
    return Promise.all([lines(left), lines(right)]);
  },
  'stream, clone': async () => {
    const response = await post(stream);
    const copy = response.clone();
    return [await lines(copy.body), await lines(response.body)];
  },
  'stream, into another Response': async () =>
    lines([Buffer.from(await new Response((await post(stream)).body).text())]),
  'stream, text()': async () => lines([Buffer.from(await (await post(stream)).text())]),
  'stream, cancel': async () => {
    const reader = (await post(stream, { headers: { ...headers, 'x-step': 'slow' } })).body.getReader();
    await reader.read();
    await reader.cancel('enough');
    return reader.read();
  },
  'stream, break': async () => {
    for await (const _ of (await post(stream, { headers: { ...headers, 'x-step': 'slow' } })).body) break;
  },
  'stream, abort': async () => {
    const controller = new AbortController();
    const response = await post(stream, { headers: { ...headers, 'x-step': 'slow' }, signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    return lines(response.body);
  },
  'stream, cut': async () => lines((await post(stream, { headers: { ...headers, 'x-step': 'cut' } })).body),
  'aborted before': () => post({}, { signal: AbortSignal.abort() }),
  429: async () => {
    const response = await post({}, { headers: { ...headers, 'x-step': '429' } });
    return { status: response.status, body: await response.json() };
  },
  unread: async () => {
    await (async () => void (await post()).status)();
    await collectGarbage();
  },
  'reader kept, response gone': async () => {
    const reader = await (async () => (await post(stream)).body.getReader())();
    const first = await reader.read();
    await collectGarbage();
    const chunks = [first.value];
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
    return lines(chunks);
  },
  'body that is no JSON': async () => (await post({}, { body: 'no json' })).status,
  'not a format': async () => (await fetch(`${process.env.PROVIDER}/v1/other`, { method: 'POST', body: '{}' })).status,
  'relative URL': () => fetch('/v1/chat/completions', { method: 'POST', body: '{}' }),
});

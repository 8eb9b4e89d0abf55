/** What no format knows, to providers by their real names, all of them on this machine: each `WAY` twice. */
import { createHash } from 'node:crypto';
import { createServer, request } from 'node:http';
import { connect, createServer as createHttp2 } from 'node:http2';

const server = createServer((asked, answer) =>
  asked.resume().on('end', () => answer.end('{"id":"a","object":"list"}')),
);
server.on('upgrade', ({ headers }, socket) => {
  const protocol = headers['sec-websocket-protocol'] ? 'Sec-WebSocket-Protocol: realtime\r\n' : '';
  const accepted = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.on('error', () => {}).on('data', () => socket.end());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted.digest('base64')}\r\n${protocol}\r\n`,
  );
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();
const http2 = createHttp2((_asked, answer) => answer.end('{}'));
await new Promise((resolve) => http2.listen(0, '127.0.0.1', resolve));

const http = (host, path) => `http://${host}:${port}${path}`;
const post = (host, path, body = '{"prompt":"Grüße"}') =>
  fetch(http(host, path), { method: 'POST', headers: { authorization: 'Bearer sk-secret' }, body }).then((it) =>
    it.text(),
  );
const openai = async (options) => {
  const { default: OpenAI } = await import('openai');
  return new OpenAI({ apiKey: 'sk-secret', baseURL: http('api.openai.com', '/v1'), maxRetries: 0, ...options });
};
/** Until the other side hangs up. */
const talked = (socket) =>
  new Promise((resolve, reject) => {
    let isOpen = false;
    socket.addEventListener('open', () => {
      isOpen = true;
      socket.send('Grüße');
    });
    socket.addEventListener('close', () => (isOpen ? resolve() : reject(new Error('it was never opened'))));
  });

/** Way → what makes a call. */
const ways = {
  'the SDK’s videos': async () => {
    const client = await openai();
    return () => client.videos.create({ prompt: 'Grüße' });
  },
  'the SDK’s runs': async () => {
    const client = await openai();
    return async () => {
      await client.beta.threads.runs.create('thread_abc', { assistant_id: 'asst_1' });
      await client.beta.threads.runs.create('thread_xyz', { assistant_id: 'asst_2' });
    };
  },
  'the SDK, where nothing is billed': async () => {
    const client = await openai();
    return async () => {
      await client.files.create({ file: new File(['Grüße'], 'a.jsonl'), purpose: 'batch' });
      await client.moderations.create({ input: 'Grüße' });
      await client.beta.threads.create({});
      await client.conversations.create({});
      await client.responses.cancel('resp_1');
      await client.batches.cancel('batch_1');
      await client.models.list();
    };
  },
  'fetch, with a key in the query': async () => () =>
    post('generativelanguage.googleapis.com', '/v1beta/models/veo-3.0:predictLongRunning?key=sk-secret'),
  'fetch, by a method in lower case': async () => () =>
    fetch(http('api.cohere.com', '/v1/summarize'), { method: 'post', body: '{}' }).then((it) => it.text()),
  'node:http': async () => () =>
    new Promise((resolve, reject) =>
      request(http('bedrock-runtime.eu-west-1.amazonaws.com', '/guardrail/secret-guard/version/1/apply'), {
        method: 'POST',
      })
        .on('response', (answer) => answer.resume().on('end', resolve))
        .on('error', reject)
        .end('{}'),
    ),
  'HTTP/2': async () => () =>
    new Promise((resolve, reject) => {
      const host = `europe-west4-aiplatform.googleapis.com:${http2.address().port}`;
      const session = connect(`http://${host}`).on('error', reject);
      const path = '/google.cloud.aiplatform.v1.PredictionService/GenerateContent';
      const stream = session.request({ ':method': 'POST', ':path': path });
      stream
        .on('close', () => session.close(resolve))
        .resume()
        .end();
    }),
  'the fetch of undici': async () => {
    const { fetch } = await import('undici');
    return () =>
      fetch(http('api.mistral.ai', '/v1/fine_tuning/jobs'), { method: 'POST', body: '{}' }).then((it) => it.text());
  },
  'many shapes': async () => async () => {
    for (let at = 0; at < 40; at++) await post(`customer-${at}.openai.azure.com`, '/openai/v1/videos');
  },
  elsewhere: async () => async () => {
    await post('api.example.com', '/v1/videos');
    await post('storage.europe-west4.rep.googleapis.com', '/upload/storage/v1/b/secret/o');
    await post('europe-west4-aiplatform.googleapis.com', '/v1/projects/p/locations/l/pipelineJobs');
    await post('resource.cognitiveservices.azure.com', '/language/:analyze-text');
    await fetch(http('api.openai.com', '/v1/videos')).then((it) => it.text());
  },
  'an attempt that its caller’s fetch sends elsewhere': async () => {
    const client = await openai({ fetch: (_url, init) => fetch(http('api.openai.com', '/v1/holograms'), init) });
    return () => client.chat.completions.create({ model: 'gpt-4.1', max_tokens: 9, messages: [] });
  },
  WebSocket: async () => async () => {
    const protocols = ['realtime', 'openai-insecure-api-key.sk-secret'];
    await talked(new WebSocket(`ws://api.openai.com:${port}/v1/realtime?model=gpt-realtime&secret`, protocols));
    await talked(new WebSocket(`ws://api.openai.com:${port}/v1/realtime?call_id=rtc_secret`));
  },
  ws: async () => {
    const { WebSocket } = await import('ws');
    const path = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=sk-secret';
    return () => talked(new WebSocket(`ws://generativelanguage.googleapis.com:${port}${path}`));
  },
  'WebSocket, elsewhere': async () => () => talked(new WebSocket(`ws://live.example.com:${port}/v1/realtime`)),
};

const call = await ways[process.env.WAY]();
await call();
await call();
console.log('answered');
server.closeAllConnections();
server.close();
http2.close();

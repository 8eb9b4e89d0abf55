/** Makes a call and ends as `END` says. `STREAM=open` leaves a stream open in the middle. */
import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1`, maxRetries: 0 });
const body = { model: 'gpt-4.1', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
const ends = {
  empty: () => {},
  exit: () => process.exit(3),
  crash: () => {
    setImmediate(() => {
      throw new Error('on purpose');
    });
  },
  rejection: () => void Promise.reject(new Error('on purpose')),
  wait: () => {
    setInterval(() => {}, 1000);
    console.log('ready');
  },
  'own handler': () => {
    process.on('SIGTERM', () => process.exit(7));
    setInterval(() => {}, 1000);
    console.log('ready');
  },
};

if (process.env.STREAM === 'open') {
  const options = { headers: { 'x-step': 'slow' } };
  const stream = await client.chat.completions.create({ ...body, stream: true }, options);
  const events = stream[Symbol.asyncIterator]();
  await events.next();
  await events.next();
} else if (process.env.STREAM === 'hang') {
  void client.chat.completions.create(body, { headers: { 'x-step': 'hang' } });
  await new Promise((resolve) => setTimeout(resolve, 300));
} else if (process.env.STREAM !== 'none') await client.chat.completions.create(body);
ends[process.env.END]();

/** As one-call.mjs, in CommonJS; `FIRST` is required before the SDK. */
if (process.env.FIRST) require(process.env.FIRST);
const OpenAI = require('openai');

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1` });
const messages = [{ role: 'user', content: 'hi' }];
client.chat.completions.create({ model: 'gpt-4.1', max_tokens: 100, messages }).then(
  (result) => console.log(JSON.stringify({ result })),
  (error) =>
    console.log(JSON.stringify({ error: { ...error, class: error.constructor.name, message: error.message } })),
);

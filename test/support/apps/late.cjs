/** The SDK is required before spendfuse: the class is found in the module cache. */
const OpenAI = require('openai');
require(process.env.FIRST);

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1` });
const messages = [{ role: 'user', content: 'hi' }];
client.chat.completions.create({ model: 'gpt-4.1', max_tokens: 100, messages }).then(
  (result) => console.log(JSON.stringify({ result })),
  (error) => console.log(JSON.stringify({ error: { class: error.constructor.name } })),
);

/** A script of a CLI or a cron job in CommonJS: a call, and `process.exit` at once. */
const OpenAI = require('openai');

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1`, maxRetries: 0 });
const body = { model: 'gpt-4.1', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
client.chat.completions.create(body).then(() => process.exit(3));

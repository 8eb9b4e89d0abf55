/** One call, after which it prints what came of it. `SDK`: openai (the default), anthropic or fetch. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const url = process.env.PROVIDER;
const messages = [{ role: 'user', content: 'hi' }];
const stream = process.env.STREAM === 'yes';
const body = { model: 'gpt-4.1', max_tokens: 100, messages, ...(stream && { stream }) };
const ways = {
  openai: () => new OpenAI({ apiKey: 'k', baseURL: `${url}/v1` }).chat.completions.create(body),
  anthropic: () => new Anthropic({ apiKey: 'k', baseURL: url }).messages.create({ ...body, model: 'claude-haiku-4-5' }),
  fetch: async () => {
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() };
  },
};

try {
  const result = await ways[process.env.SDK ?? 'openai']();
  console.log(JSON.stringify({ result }));
} catch (error) {
  console.log(JSON.stringify({ error: { ...error, class: error.constructor.name, message: error.message } }));
}

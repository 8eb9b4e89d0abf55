/**
 * `WARM` calls one after the other, then pauses until the process holds slices or for a second, then `CALLS` calls; prints what
 * came of each (`ALL`: of the first ones too). `END`: how it ends. `CUSTOMERS`: calls go round among so many customers.
 */
import OpenAI from 'openai';
import { flush, withAttribution } from '../../../src/index.ts';

const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1`, maxRetries: 0 });
const messages = [{ role: 'user', content: process.env.TEXT ?? 'x'.repeat(400) }];
const customers = Number(process.env.CUSTOMERS ?? 0);
const headers = process.env.STEP ? { 'x-step': process.env.STEP } : {};
let made = 0;

async function call() {
  const body = { model: 'gpt-4.1', max_tokens: 100, messages };
  made += 1;
  try {
    const create = () => client.chat.completions.create(body, { headers });
    await (customers > 0 ? withAttribution({ customer: `c${made % customers}` }, create) : create());
    return 'ok';
  } catch (error) {
    return error.code ?? error.name;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const warm = [];
for (let at = 0; at < Number(process.env.WARM ?? 3); at++) warm.push(await call());
await pause(Number(process.env.PAUSE_MS ?? 300));
const outcomes = process.env.ALL ? warm : [];
for (let at = 0; at < Number(process.env.CALLS ?? 1); at++) {
  outcomes.push(await call());
  if (process.env.BETWEEN_MS) await pause(Number(process.env.BETWEEN_MS));
}
if (process.env.END === 'flush') {
  const flushed = await flush();
  console.log(JSON.stringify([...outcomes, flushed]));
  await pause(60_000);
}
console.log(JSON.stringify(outcomes));
if (process.env.END === 'exit') process.exit(0);
if (process.env.END === 'wait') await pause(60_000);

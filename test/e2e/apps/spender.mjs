/**
 * A service with the real SDK that calls when it is told to: `{ "calls": 5, "model": "gpt-4.1" }`, one order a line. After each it
 * says how many calls were answered, and how the one that was refused looks to it.
 */
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { BudgetExceededError } from 'spendfuse';

const openai = new OpenAI({ baseURL: `${process.env.PROVIDER}/v1`, apiKey: process.env.API_KEY });
const messages = [{ role: 'user', content: 'hello' }];

async function carryOut({ calls, model }) {
  for (let answered = 0; answered < calls; answered++) {
    try {
      await openai.chat.completions.create({ model, messages, max_tokens: 12 });
    } catch (error) {
      return { answered, refused: describe(error) };
    }
  }
  return { answered: calls };
}

function describe(error) {
  if (!(error instanceof BudgetExceededError)) return { name: error.name, message: error.message };
  const { name, status, code, budget, state, action, message, userMessage } = error;
  return { name, status, code, budget, state, action, message, userMessage };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await carryOut(JSON.parse(line)))}\n`);
}

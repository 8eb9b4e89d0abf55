// A runaway: eight workers in a loop that nobody ends, swallowing every error as such loops do. Only the cap stops it.
import OpenAI from 'openai';

const openai = new OpenAI();
const patience = Number(process.env.DEMO_REFUSALS);
let refused = 0;

async function worker(number) {
  for (let step = 1; refused < patience; step += 1) {
    try {
      await openai.chat.completions.create({
        model: 'gpt-4.1-mini',
        max_completion_tokens: 4000,
        messages: [{ role: 'user', content: `Worker ${number}, step ${step}: reflect on your last reflection.` }],
      });
    } catch (error) {
      if (error.name === 'BudgetExceededError' && error.code !== 'unreachable') {
        refused += 1;
        if (refused === 1) console.log(`first refusal: ${error.message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

await Promise.all(Array.from({ length: 8 }, (_, index) => worker(index + 1)));
console.log(`gave up after ${refused} refusals`);

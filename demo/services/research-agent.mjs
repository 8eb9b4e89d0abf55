// A runaway: eight workers in a loop that nobody ends, swallowing every error as such loops do. Only the cap stops it.
import OpenAI from 'openai';

const openai = new OpenAI();
/** Refusals by the cap after which even this loop is taken down, so that the demo ends. */
const patience = Number(process.env.DEMO_REFUSALS);
const log = (event, details) => console.log(JSON.stringify({ event, ...details }));
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
      log('refused', { code: error.code, message: error.message });
      if (error.code === 'exhausted') refused += 1;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

await Promise.all(Array.from({ length: 8 }, (_, index) => worker(index + 1)));
log('done', { message: `ran into the cap ${refused} times` });

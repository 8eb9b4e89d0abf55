// A nightly evaluation in staging, on Anthropic, CommonJS. Its budget is a hard cap: the call after the cap is refused
// before it leaves the process, and the job ends like a grown-up.
const { default: Anthropic } = require('@anthropic-ai/sdk');

const anthropic = new Anthropic();
const cases = Number(process.env.DEMO_CALLS);
const log = (event, details) => console.log(JSON.stringify({ event, ...details }));

function grade(number) {
  return anthropic.messages.create({
    model: 'claude-haiku-4-5',
    max_tokens: 1500,
    messages: [{ role: 'user', content: `Case ${number}: grade this answer from 1 to 5 and say why.` }],
  });
}

async function main() {
  for (let number = 1; number <= cases; ) {
    try {
      await grade(number);
      number += 1;
    } catch (error) {
      if (error.name !== 'BudgetExceededError') throw error;
      log('refused', { code: error.code, message: error.message });
      if (error.code === 'exhausted') return log('done', { message: `stopped at case ${number} of ${cases}` });
      // Nobody can decide right now, or running calls are in the way: the case can wait.
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  log('done', { message: `all ${cases} cases graded` });
}

main();

// A nightly evaluation in staging, on Anthropic, CommonJS. Its budget is a hard cap: the call after the cap is refused
// before it leaves the process, and the job ends like a grown-up.
const { default: Anthropic } = require('@anthropic-ai/sdk');

const anthropic = new Anthropic();
const cases = Number(process.env.DEMO_CALLS);

async function main() {
  for (let number = 1; number <= cases; number += 1) {
    try {
      await anthropic.messages.create({
        model: 'claude-haiku-4-5',
        max_tokens: 1500,
        messages: [{ role: 'user', content: `Case ${number}: grade this answer from 1 to 5 and say why.` }],
      });
    } catch (error) {
      if (error.name !== 'BudgetExceededError') throw error;
      if (error.code === 'unreachable') {
        console.log('control server away: waiting');
        await new Promise((resolve) => setTimeout(resolve, 300));
        number -= 1;
        continue;
      }
      console.log(`stopped at case ${number} of ${cases}: ${error.message}`);
      return;
    }
  }
  console.log(`all ${cases} cases graded`);
}

main();

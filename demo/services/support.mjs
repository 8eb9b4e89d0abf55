// A support desk: one ticket after the other, streamed. Its budget is soft: the owner is told, nobody is stopped.
// Nothing here knows of spendfuse: it is started with `node --import spendfuse/register`.
import OpenAI from 'openai';

const openai = new OpenAI();
const tickets = Number(process.env.DEMO_CALLS);
const log = (event, details) => console.log(JSON.stringify({ event, ...details }));

for (let ticket = 1; ticket <= tickets; ticket += 1) {
  const stream = await openai.chat.completions.create({
    model: 'gpt-4.1',
    max_tokens: 1200,
    stream: true,
    messages: [
      { role: 'system', content: 'You answer support tickets in two sentences.' },
      { role: 'user', content: `Ticket ${ticket}: my export has been stuck at 99 % since this morning. What now?` },
    ],
  });
  let answer = '';
  for await (const chunk of stream) answer += chunk.choices[0]?.delta?.content ?? '';
  if (!answer) throw new Error(`ticket ${ticket} got no answer`);
}
log('done', { message: `all ${tickets} tickets answered` });

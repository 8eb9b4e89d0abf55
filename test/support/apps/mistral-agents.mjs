/** Calls of Mistral's SDK whose model the request does not name, and one that names it, by their labels: prints what became of each. */

import { Mistral } from '@mistralai/mistralai';
import { flush, withAttribution } from '../../../src/index.ts';

const client = new Mistral({ apiKey: 'k', serverURL: process.env.PROVIDER });
const { conversations } = client.beta;
const calls = {
  agent: () => client.agents.complete({ agentId: 'ag_1', messages: [{ role: 'user', content: 'hi' }] }),
  'conversation with an agent': () => conversations.start({ agentId: 'ag_1', inputs: 'hi' }),
  'conversation that goes on': () =>
    conversations.append({ conversationId: 'conv_1', conversationAppendRequest: { inputs: 'hi' } }),
  'conversation with a model': () => conversations.start({ model: 'mistral-large-latest', inputs: 'hi' }),
};

const seen = {};
for (const [workflow, call] of Object.entries(calls)) {
  seen[workflow] = await withAttribution({ workflow }, () =>
    call().then(
      () => 'answered',
      (error) => `${error.statusCode} ${JSON.parse(error.body).error.action}`,
    ),
  );
}
await flush();
console.log(JSON.stringify(seen));
process.exit();

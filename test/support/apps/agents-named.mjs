/** Runs of @openai/agents (or the package that `PACKAGE` names) by several agents, one of them named by the code around it. */
import { createRequire } from 'node:module';
import { flush, withAttribution } from '../../../src/index.ts';

const require = createRequire(import.meta.url);
const { Agent, OpenAIProvider, Runner, setTraceProcessors, setTracingDisabled } = require(process.env.PACKAGE);
const { OpenAI } = require('openai');

if (process.env.TRACING === 'off') setTracingDisabled(true);
else setTraceProcessors([]);
const openAIClient = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1` });
const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }) });
const last = new Agent({ name: 'refunds', model: 'gpt-4.1' });
const first = Agent.create({ name: 'triage', model: 'gpt-4.1', handoffs: [last] });

await withAttribution({ workflow: 'handoff' }, () => runner.run(first, 'hi'));
await withAttribution({ workflow: 'parallel' }, () =>
  Promise.all([runner.run(last, 'hi'), runner.run(last.clone({ name: 'sales' }), 'hi')]),
);
await withAttribution({ workflow: 'named', agent: 'mine' }, () => runner.run(last, 'hi'));
await withAttribution({ workflow: 'unprintable' }, () => runner.run(last.clone({ name: 'a\u0007b' }), 'hi'));
await withAttribution({ workflow: 'outside' }, () => openAIClient.responses.create({ model: 'gpt-4.1', input: 'hi' }));
await flush();

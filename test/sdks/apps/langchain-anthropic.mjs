import { headersOf, runLangChain } from './langchain.mjs';
import { load } from './load.mjs';

const { ChatAnthropic } = await load();

const model = (step, more) =>
  new ChatAnthropic({
    apiKey: 'sk-ant-secret',
    maxRetries: 2,
    model: 'claude-haiku-4-5',
    maxTokens: 100,
    anthropicApiUrl: process.env.PROVIDER,
    ...(step && { clientOptions: { defaultHeaders: headersOf(step) } }),
    ...more,
  });

await runLangChain(model, {
  'streaming option': async () => (await model('ok', { streaming: true }).invoke('Grüße')).content,
});

import { headersOf, runLangChain } from './langchain.mjs';
import { load } from './load.mjs';

const { ChatOpenAI, OpenAIEmbeddings } = await load();

const configuration = (step) => ({
  baseURL: `${process.env.PROVIDER}/v1`,
  ...(step && { defaultHeaders: headersOf(step) }),
});
const options = { apiKey: 'sk-secret-of-openai', maxRetries: 2 };
const model = (step, more) =>
  new ChatOpenAI({ ...options, model: 'gpt-4.1', maxTokens: 100, configuration: configuration(step), ...more });
const embeddings = new OpenAIEmbeddings({
  ...options,
  model: 'text-embedding-3-small',
  configuration: configuration(),
});

await runLangChain(model, {
  'responses API': async () => (await model('ok', { useResponsesApi: true }).invoke('Grüße')).content,
  'responses API stream': async () => {
    let text = '';
    for await (const chunk of await model('ok', { useResponsesApi: true }).stream('Grüße')) text += chunk.text;
    return text;
  },
  'embed a query': () => embeddings.embedQuery('Grüße'),
  'embed documents': () => embeddings.embedDocuments(['Grüße', '世界']),
});

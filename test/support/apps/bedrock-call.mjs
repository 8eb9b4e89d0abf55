/**
 * One call of Bedrock, after which it prints what came of it. `WAY`: converse (the default), invoke, insist (somebody's own way to
 * retry, which retries everything), fetch (a request handler that ends in fetch), anthropic (their SDK).
 */
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { BedrockRuntimeClient, ConverseCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { FetchHttpHandler } from '@smithy/fetch-http-handler';
import { flush, withAttribution } from '../../../src/index.ts';

const { PROVIDER, WAY = 'converse' } = process.env;
const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
const options = { region: 'us-east-1', endpoint: PROVIDER, credentials };
const modelId = process.env.MODEL ?? 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const messages = [{ role: 'user', content: [{ text: 'hi' }] }];
const converse = (more) =>
  new BedrockRuntimeClient({ ...options, ...more }).send(new ConverseCommand({ modelId, messages }));
const keys = { awsAccessKey: 'AKIA', awsSecretKey: 'secret', awsRegion: 'us-east-1', baseURL: PROVIDER };
const asked = { max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };

/** A strategy of smithy's second kind. */
const token = (count) => ({ getRetryCount: () => count, getRetryDelay: () => 1 });
const insistent = {
  acquireInitialRetryToken: async () => token(0),
  refreshRetryTokenForRetry: async (last) => {
    if (last.getRetryCount() >= 3) throw new Error('enough');
    return token(last.getRetryCount() + 1);
  },
  recordSuccess: () => {},
};

const ways = {
  converse: () => converse(),
  insist: () => converse({ retryStrategy: insistent }),
  fetch: () => converse({ requestHandler: new FetchHttpHandler() }),
  invoke: async () => {
    const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', ...asked });
    await new BedrockRuntimeClient(options).send(new InvokeModelCommand({ modelId, body }));
  },
  anthropic: () => new AnthropicBedrock(keys).messages.create({ model: modelId, ...asked }),
};

try {
  const result = await withAttribution({ customer: 'c1' }, ways[WAY]);
  console.log(JSON.stringify({ result: result ?? null }));
} catch (error) {
  const { name, message, status, code, action, budget } = error;
  console.log(
    JSON.stringify({ error: { class: error.constructor.name, name, message, status, code, action, budget } }),
  );
}
await flush();
process.exit();

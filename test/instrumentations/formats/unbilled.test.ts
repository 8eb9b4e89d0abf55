import { describe, expect, it } from 'vitest';
import { formatFor, providerOfHost } from '../../../instrumentations/formats/index.ts';
import { mayBeBilled } from '../../../instrumentations/formats/unbilled.ts';

function isTold(url: string): boolean {
  const [host, ...segments] = url.split('/');
  const provider = providerOfHost(host!);
  if (provider === undefined) throw new Error(`${host} is no provider's`);
  return mayBeBilled(provider, host!, `/${segments.join('/')}`);
}

const BILLED = [
  'api.openai.com/v1/videos',
  'api.openai.com/v1/videos/video_1/remix',
  'api.openai.com/v1/realtime/calls',
  'api.openai.com/v1/realtime/calls/rtc_1/accept',
  'api.openai.com/v1/realtime/client_secrets',
  'api.openai.com/v1/chatkit/sessions',
  'api.openai.com/v1/fine_tuning/jobs',
  'api.openai.com/v1/fine_tuning/jobs/ftjob-1/resume',
  'api.openai.com/v1/threads/runs',
  'api.openai.com/v1/threads/thread_1/runs',
  'api.openai.com/v1/threads/thread_1/runs/run_1/submit_tool_outputs',
  'api.openai.com/v1/responses/compact',
  'api.openai.com/v1/evals/eval_1/runs',
  'api.openai.com/v1/containers',
  'api.openai.com/v1/vector_stores',
  'api.openai.com/v1/vector_stores/vs_1/files',
  'api.openai.com/v1/vector_stores/vs_1/search',
  'api.openai.com/v1/what-comes-next',
  'eu.api.openai.com/v1/videos',
  'acme.openai.azure.com/openai/v1/video/generations/jobs',
  'acme.openai.azure.com/openai/threads/thread_1/runs',
  'acme.services.ai.azure.com/api/projects/acme/threads/runs',
  'acme.services.ai.azure.com/providers/mistral/azure/ocr',
  'acme.azure-api.net/inference/openai/deployments/d/videos',
  'api.anthropic.com/v1/sessions',
  'api.anthropic.com/v1/sessions/sesn_1/events',
  'api.anthropic.com/v1/deployments/depl_1/run',
  'api.anthropic.com/v1/dreams',
  'generativelanguage.googleapis.com/v1beta/models/veo-3.0-generate-001:predictLongRunning',
  'generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:batchGenerateContent',
  'generativelanguage.googleapis.com/v1beta/cachedContents',
  'generativelanguage.googleapis.com/upload/v1beta/fileSearchStores/s:uploadToFileSearchStore',
  'generativelanguage.googleapis.com/v1alpha/auth_tokens',
  'generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/veo-3:predictLongRunning',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/batchPredictionJobs',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/reasoningEngines/1:streamQuery',
  'us-central1-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent',
  'aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu/publishers/google/models/lyria:generateMusic',
  'aiplatform.googleapis.com/google.cloud.aiplatform.v1.PredictionService/Predict',
  'bedrock-runtime.eu-west-1.amazonaws.com/guardrail/g/version/1/apply',
  'bedrock-runtime.eu-west-1.amazonaws.com/async-invoke',
  'bedrock-runtime.eu-west-1.amazonaws.com/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream',
  'bedrock-agent-runtime.eu-west-1.amazonaws.com/flows/F/aliases/A',
  'bedrock-agent-runtime.eu-west-1.amazonaws.com/retrieveAndGenerate',
  'api.mistral.ai/v1/ocr',
  'api.mistral.ai/v1/moderations',
  'api.mistral.ai/v1/batch/jobs',
  'api.cohere.com/v1/summarize',
  'api.cohere.com/v1/embed-jobs',
  'api.together.xyz/v1/videos',
  'api.perplexity.ai/search',
  'api.cloudflare.com/client/v4/accounts/a/ai/run/@cf/black-forest-labs/flux-1-schnell',
];

const FREE = [
  'api.openai.com/v1/files',
  'api.openai.com/v1/uploads/upload_1/parts',
  'api.openai.com/v1/moderations',
  'api.openai.com/v1/moderations/',
  'api.openai.com/v1/batches/batch_1/cancel',
  'api.openai.com/v1/responses/resp_1/cancel',
  'api.openai.com/v1/responses/input_tokens',
  'api.openai.com/v1/chat/completions/chatcmpl-1',
  'api.openai.com/v1/conversations/conv_1/items',
  'api.openai.com/v1/assistants',
  'api.openai.com/v1/threads',
  'api.openai.com/v1/threads/thread_1',
  'api.openai.com/v1/threads/thread_1/messages',
  'api.openai.com/v1/threads/thread_1/runs/run_1',
  'api.openai.com/v1/threads/thread_1/runs/run_1/cancel',
  'api.openai.com/v1/vector_stores/vs_1',
  'api.openai.com/v1/vector_stores/vs_1/file_batches/vsfb_1/cancel',
  'api.openai.com/v1/evals',
  'api.openai.com/v1/fine_tuning/jobs/ftjob-1/cancel',
  'api.openai.com/v1/realtime/calls/rtc_1/hangup',
  'api.openai.com/v1/chatkit/sessions/cksess_1/cancel',
  'api.openai.com/v1/organization/projects',
  'api.openai.com/v1/traces/ingest',
  'acme.openai.azure.com/openai/files',
  'acme.openai.azure.com/openai/v1/files',
  'acme.services.ai.azure.com/api/projects/acme/threads',
  'api.groq.com/openai/v1/files',
  'api.anthropic.com/v1/messages/count_tokens',
  'api.anthropic.com/v1/messages/batches/msgbatch_1/cancel',
  'api.anthropic.com/v1/files',
  'api.anthropic.com/v1/skills',
  'api.anthropic.com/v1/oauth/token',
  'api.anthropic.com/v1/organizations/workspaces',
  'api.anthropic.com/v1/agents/agent_1/archive',
  'generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:countTokens',
  'generativelanguage.googleapis.com/upload/v1beta/files',
  'generativelanguage.googleapis.com/v1beta/files:register',
  'generativelanguage.googleapis.com/v1beta/batches/b:cancel',
  'generativelanguage.googleapis.com/v1beta/interactions/i/cancel',
  'generativelanguage.googleapis.com/v1beta/fileSearchStores',
  'generativelanguage.googleapis.com/google.ai.generativelanguage.v1beta.GenerativeService/CountTokens',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m:countTokens',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/veo:fetchPredictOperation',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/1:deployModel',
  'us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/pipelineJobs',
  'us-central1-aiplatform.googleapis.com/google.cloud.aiplatform.v1.PipelineService/CreatePipelineJob',
  'storage.europe-west4.rep.googleapis.com/upload/storage/v1/b/bucket/o',
  'bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude-x/count-tokens',
  'bedrock-mantle.eu-west-1.api.aws/v1/files',
  'acme.cognitiveservices.azure.com/language/:analyze-text',
  'acme.azure-api.net/orders/v1/create',
  'api.mistral.ai/v1/files',
  'api.mistral.ai/v1/agents',
  'api.mistral.ai/v1/batch/jobs/1/cancel',
  'api.cohere.com/v1/tokenize',
  'api.cohere.com/v1/check-api-key',
  'api.cohere.com/v2/batches/b:cancel',
  'api.x.ai/v1/tokenize-text',
  'api.together.xyz/v1/fine-tunes/estimate-price',
  'openrouter.ai/api/v1/keys',
  'api.githubcopilot.com/mcp/',
  'api.cloudflare.com/client/v4/zones',
  'ollama.com/api/pull',
];

describe('mayBeBilled', () => {
  it.each(BILLED)('%s', (url) => {
    expect(isTold(url)).toBe(true);
  });

  it.each(FREE)('not %s', (url) => {
    expect(isTold(url)).toBe(false);
  });

  it('is asked for what is of no format, and none of these is of one', () => {
    const paths = FREE.map((url) => url.slice(url.indexOf('/')));
    expect(paths.filter((path) => formatFor('POST', path) !== undefined)).toEqual([]);
  });
});

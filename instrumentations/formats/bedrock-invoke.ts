/**
 * POST /model/MODEL/invoke and …/invoke-with-response-stream: each model in the words of its maker. Whose words a request or an
 * answer is in, it shows itself: Anthropic's, OpenAI's (gpt-oss, Qwen, DeepSeek, newer Mistral), Nova's (those of Converse), Cohere's
 * reranking, and for all others those of `bedrock-text`. The models are the ones in the path: what answers call them has neither
 * a region nor a version, which the price hangs on.
 */
import { anthropicMessages } from './anthropic-messages.ts';
import * as converse from './bedrock-converse.ts';
import * as converseAnswer from './bedrock-converse-answer.ts';
import { familyOf, INVOKE, isModelPath, modelIn, streams, withModel } from './bedrock-path.ts';
import * as text from './bedrock-text.ts';
import { headersOf, METRICS, usageOfHeaders, usageOfMetrics } from './bedrock-usage.ts';
import { cohereRerank } from './cohere-rerank.ts';
import type { Format, Operation, RequestFacts, ResponseFacts, Rewrite, StreamReader } from './format.ts';
import { openaiChat } from './openai-chat.ts';
import { isObject, type Json, list } from './read.ts';

type Words = 'anthropic' | 'openai' | 'converse' | 'rerank' | 'text';

function wordsOf(body: Json): Words {
  if (body.anthropic_version !== undefined && Array.isArray(body.messages)) return 'anthropic';
  if (Array.isArray(body.messages)) return isConverse(body) ? 'converse' : 'openai';
  return body.query !== undefined && Array.isArray(body.documents) ? 'rerank' : 'text';
}

/** Nova's content blocks have no `type`, and its settings a place of their own. */
function isConverse({ messages, inferenceConfig, schemaVersion }: Json): boolean {
  if (inferenceConfig !== undefined || schemaVersion !== undefined) return true;
  return list(messages).some(
    (message) =>
      isObject(message) && list(message.content).some((block) => isObject(block) && block.type === undefined),
  );
}

function request(body: unknown, bodyBytes: number, path = ''): RequestFacts | undefined {
  if (!isObject(body)) return undefined;
  const model = modelIn(path);
  const isStream = streams(path);
  switch (wordsOf(body)) {
    case 'converse':
      return converse.requestOf(body, bodyBytes, model, isStream);
    case 'anthropic':
      return anthropicMessages.request({ ...body, model, stream: isStream }, bodyBytes);
    case 'openai':
      return openaiChat.request({ ...body, model, stream: isStream }, bodyBytes);
    case 'rerank':
      return cohereRerank.request({ ...body, model }, bodyBytes);
    default:
      return text.requestOf(body, bodyBytes, model, isStream);
  }
}

function rewrite(body: object, { maxOutputTokens }: Rewrite, path = ''): object {
  const change = maxOutputTokens === undefined ? {} : { maxOutputTokens };
  switch (wordsOf(body as Json)) {
    case 'converse':
      return converse.rewriteLimit(body, change);
    case 'anthropic':
      return anthropicMessages.rewrite(body, change);
    case 'openai':
      return openaiChat.rewrite(body, change);
    case 'rerank':
      return { ...body };
    default:
      return text.rewriteLimit(body as Json, change, modelIn(path));
  }
}

/** Another model has to understand the same words, and a limit has to have a name. */
function canRewrite(body: object, path: string, { model, maxOutputTokens }: Rewrite): boolean {
  const asked = modelIn(path);
  const words = wordsOf(body as Json);
  const family =
    familyOf(asked) ?? (words === 'anthropic' ? 'anthropic' : words === 'converse' ? 'amazon.nova' : undefined);
  if (model !== undefined && (family === undefined || familyOf(model) !== family)) return false;
  if (maxOutputTokens === undefined || words !== 'text') return true;
  return 'inputText' in body || text.limitNameOf(body as Json, asked) !== undefined;
}

function textsOf(body: object): string[] {
  const words = wordsOf(body as Json);
  if (words === 'converse') return converse.texts(body);
  if (words === 'openai') return openaiChat.texts?.(body) ?? [];
  return words === 'text' ? text.texts(body as Json) : [];
}

/** By what an answer, or the first event of one, has in it. */
function answeredIn(answer: Json): Pick<Format, 'response' | 'stream'> {
  if (answer.type === 'message' || answer.type === 'message_start') return anthropicMessages;
  if (Array.isArray(answer.choices)) return openaiChat;
  if (isObject(answer.output) || isObject(answer.messageStart) || isObject(answer.contentBlockDelta))
    return converseAnswer;
  return Array.isArray(answer.results) && isObject(answer.results[0]) && 'relevance_score' in answer.results[0]
    ? cohereRerank
    : text;
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const answer = isObject(body) ? body : {};
  const facts = answeredIn(answer).response(body, request);
  return ofRequested(facts, answer[METRICS], request);
}

function stream(request: RequestFacts): StreamReader {
  let reader: StreamReader | undefined;
  let metrics: unknown;
  return {
    push(event) {
      if (!isObject(event)) return;
      reader ??= answeredIn(event).stream(request);
      metrics = event[METRICS] ?? metrics;
      reader.push(event);
    },
    facts: () => ofRequested((reader ?? text.stream(request)).facts(), metrics, request),
  };
}

/** Where the model's own answer counted nothing, Bedrock did. */
function ofRequested(
  { model: _model, ...facts }: ResponseFacts,
  metrics: unknown,
  request: RequestFacts,
): ResponseFacts {
  if (request.answered?.responseId !== undefined) facts.responseId ??= request.answered.responseId;
  const { estimate } = facts;
  // Billed by units, of which nobody tells, and not by the tokens that Bedrock tells all the same.
  if (estimate?.webSearches !== undefined)
    return { ...facts, estimate: { ...estimate, webSearches: request.bound.webSearches ?? estimate.webSearches } };
  if (facts.usage) return facts;
  const report = usageOfMetrics(metrics) ?? usageOfHeaders(request.answered);
  if (!report || 'invalid' in report) return facts;
  const { estimate: _estimate, invalid: _invalid, ...rest } = facts;
  return { ...rest, usage: report.usage };
}

function invoke(id: string, operation: Operation, models: RegExp): Format {
  return {
    id,
    operation,
    provider: 'aws',
    lastSegments: INVOKE,
    matches: (method, path) => method === 'POST' && isModelPath(path, INVOKE) && models.test(modelIn(path)),
    request: (body, bodyBytes, path) => withoutOutput(operation, request(body, bodyBytes, path)),
    texts: textsOf,
    rewrite,
    canRewrite,
    rewritePath: (path, { model }) => withModel(path, model),
    denial: (message, details) => ({ ...details, message }),
    retries429: true,
    headers: headersOf,
    response,
    stream,
  };
}

/** Vectors and ranks are no output that is billed. */
function withoutOutput(operation: Operation, facts: RequestFacts | undefined): RequestFacts | undefined {
  if (!facts || operation === 'chat') return facts;
  return { ...facts, bound: { ...facts.bound, outputTokens: 0 } };
}

export const bedrockEmbed = invoke('bedrock-embed', 'embeddings', /embed/);
export const bedrockRerank = invoke('bedrock-rerank', 'rerank', /rerank/);
export const bedrockInvoke = invoke('bedrock-invoke', 'chat', /^(?!.*(?:embed|rerank))/);

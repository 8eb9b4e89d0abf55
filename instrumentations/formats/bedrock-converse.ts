/** POST /model/MODEL/converse and …/converse-stream: every chat model of Bedrock in the same words. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { anthropicMessages } from './anthropic-messages.ts';
import { response, stream } from './bedrock-converse-answer.ts';
import { CONVERSE, isModelPath, modelIn, streams, withModel } from './bedrock-path.ts';
import { headersOf } from './bedrock-usage.ts';
import {
  ASSUMED_SEARCHES,
  addAudio,
  addFile,
  addImage,
  inputBound,
  inputEstimate,
  type Media,
  noMedia,
} from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { lowered } from './openai.ts';
import { addTexts, defined, isObject, type Json, limit, list, name } from './read.ts';

/** Llama 3.2 reads four tiles of 1,601; Claude, Nova and Pixtral stay below 5,000. */
const TOKENS_PER_IMAGE = 6_500;
/** The preamble that comes with tools at all, and definitions that a model's maker writes itself (see `anthropic-messages`). */
const TOOLS_TOKENS = 1_000;
const TYPED_TOOL_TOKENS = 3_000;

interface Found {
  media: Media;
  toolTokens: number;
  webSearches: number;
  cacheWrite1h: boolean;
}

function request(body: unknown, bodyBytes: number, path = ''): RequestFacts | undefined {
  if (!isObject(body)) return undefined;
  return requestOf(body, bodyBytes, modelIn(path), streams(path));
}

/** Also of Nova's own requests, which say the same but for the name of the limit. */
export function requestOf(body: Json, bodyBytes: number, model: string, isStream: boolean): RequestFacts {
  const found = walk(body);
  // A prompt that is kept at Bedrock, and what it knows of, are read without being in the request.
  if (body.promptVariables !== undefined || model.startsWith('prompt/')) found.media.unseen = true;
  const config = isObject(body.inferenceConfig) ? body.inferenceConfig : {};
  const bound: UsageBound = {
    ...inputBound(bodyBytes, found.media, TOKENS_PER_IMAGE, found.toolTokens),
    outputTokens: limit(config.maxTokens ?? config.max_new_tokens),
    webSearches: found.webSearches || undefined,
    serviceTier: tierOf(body),
    cacheWrite1h: found.cacheWrite1h || undefined,
  };
  return {
    model,
    stream: isStream,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, found.media, bound),
  };
}

/** What is optimized for latency costs more, and is priced like a tier. */
function tierOf({ performanceConfig, serviceTier }: Json): string | undefined {
  if (isObject(performanceConfig) && performanceConfig.latency === 'optimized') return 'optimized';
  return isObject(serviceTier) ? name(serviceTier.type) : undefined;
}

function walk(body: Json): Found {
  const found: Found = { media: noMedia(), toolTokens: 0, webSearches: 0, cacheWrite1h: false };
  addBlocks(found, body.system);
  for (const message of list(body.messages)) if (isObject(message)) addBlocks(found, message.content);
  const tools = list(isObject(body.toolConfig) ? body.toolConfig.tools : undefined);
  if (tools.length > 0) found.toolTokens += TOOLS_TOKENS;
  for (const tool of tools) if (isObject(tool)) addTool(found, tool);
  const more = isObject(body.additionalModelRequestFields) ? body.additionalModelRequestFields : {};
  const typed = list(more.tools).length;
  if (typed > 0) found.toolTokens += TOOLS_TOKENS + typed * TYPED_TOOL_TOKENS;
  return found;
}

/** One that Bedrock runs (web grounding, a code interpreter) puts what it finds into the input. */
function addTool(found: Found, tool: Json): void {
  noteCache(found, tool);
  if (!isObject(tool.systemTool)) return;
  found.media.unseen = true;
  found.webSearches = ASSUMED_SEARCHES;
}

function noteCache(found: Found, { cachePoint }: Json): void {
  if (isObject(cachePoint) && cachePoint.ttl === '1h') found.cacheWrite1h = true;
}

/** Depth is bounded: blocks stand in a tool's result or behind a guard. */
function addBlocks(found: Found, blocks: unknown, depth = 0): void {
  if (depth > 4) found.media.unseen = true;
  else for (const block of list(blocks)) if (isObject(block)) addBlock(found, block, depth);
}

function addBlock(found: Found, block: Json, depth: number): void {
  noteCache(found, block);
  const { image, document, video, audio, toolResult, guardContent } = block;
  if (isObject(image)) addImage(found.media, sourceOf(image).bytes);
  if (isObject(document) && !isText(sourceOf(document))) addFile(found.media, sourceOf(document).bytes);
  if (isObject(video)) addFile(found.media, sourceOf(video).bytes);
  if (isObject(audio)) addSound(found.media, sourceOf(audio));
  if (isObject(toolResult)) addBlocks(found, toolResult.content, depth + 1);
  if (isObject(guardContent)) addBlocks(found, [guardContent], depth + 1);
}

function sourceOf({ source }: Json): Json {
  return isObject(source) ? source : {};
}

function isText(source: Json): boolean {
  return source.text !== undefined || source.content !== undefined;
}

function addSound(media: Media, source: Json): void {
  addAudio(media, source.bytes);
  if (source.bytes === undefined) media.unseen = true;
}

/** The model is in the path. */
export function rewriteLimit(body: object, { maxOutputTokens }: Rewrite): object {
  if (maxOutputTokens === undefined) return { ...body };
  const { inferenceConfig, additionalModelRequestFields: more } = body as Json;
  const config = isObject(inferenceConfig) ? inferenceConfig : {};
  const key = config.max_new_tokens === undefined ? 'maxTokens' : 'max_new_tokens';
  const next: Json = { ...body, inferenceConfig: { ...config, [key]: lowered(config[key], maxOutputTokens) } };
  if (isObject(more) && isObject(more.thinking)) {
    const { thinking } = anthropicMessages.rewrite({ thinking: more.thinking }, { maxOutputTokens }) as Json;
    next.additionalModelRequestFields = { ...more, thinking };
  }
  return next;
}

export function texts(body: object): string[] {
  const { system, messages } = body as Json;
  const found: string[] = [];
  addTexts(found, system);
  for (const message of list(messages)) if (isObject(message)) addTexts(found, message.content);
  return found;
}

export const bedrockConverse: Format = {
  id: 'bedrock-converse',
  operation: 'chat',
  provider: 'aws',
  lastSegments: CONVERSE,
  matches: (method, path) => method === 'POST' && isModelPath(path, CONVERSE),
  request,
  texts,
  rewrite: rewriteLimit,
  rewritePath: (path, { model }) => withModel(path, model),
  denial: (message, details) => ({ ...details, message }),
  retries429: true,
  headers: headersOf,
  response,
  stream,
};

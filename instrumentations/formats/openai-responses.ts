/** POST …/responses: OpenAI's Responses API. Its sub-resources (`/responses/ID/cancel`, `/input_tokens`) cost nothing. */
import type { UsageBound } from '../../src/domain/usage.ts';
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
import { deploymentRenamed, isSearchTool, lowered, modelOf, tierOf, tokensPerImage } from './openai.ts';
import { response, stream } from './openai-responses-answer.ts';
import { addTexts, defined, isObject, type Json, limit, list } from './read.ts';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || (typeof body.model !== 'string' && !isObject(body.prompt))) return undefined;
  const model = modelOf(body, path);
  const media = mediaOf(body);
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, tokensPerImage(model)),
    outputTokens: limit(body.max_output_tokens),
    webSearches: webSearches(body),
    serviceTier: tierOf(body.service_tier),
  };
  return {
    model,
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** `max_tool_calls` counts the calls of all hosted tools together, so it bounds the searches among them. */
function webSearches(body: Json): number | undefined {
  if (!list(body.tools).some(isSearchTool)) return undefined;
  return limit(body.max_tool_calls) ?? ASSUMED_SEARCHES;
}

/** Tools that add nothing to the input beyond their definition: the caller runs them. */
const CALLERS_TOOLS: ReadonlySet<unknown> = new Set([
  'function',
  'custom',
  'namespace',
  'tool_search',
  'local_shell',
  'apply_patch',
  'computer',
  'computer_use_preview',
]);

function mediaOf(body: Json): Media {
  const media = noMedia();
  // Stored turns, a stored template, and what hosted tools find are read without being in the request; compaction
  // reads the request twice.
  const stored = [body.previous_response_id, body.conversation, body.prompt];
  media.unseen =
    stored.some((state) => state !== undefined && state !== null) || list(body.context_management).length > 0;
  if (list(body.tools).some((tool) => !isObject(tool) || !CALLERS_TOOLS.has(tool.type))) media.unseen = true;
  for (const item of list(body.input)) if (isObject(item)) addItem(media, item);
  return media;
}

function addItem(media: Media, item: Json): void {
  if (item.type === 'item_reference') media.unseen = true;
  if (item.type === 'image_generation_call') addImage(media, item.result);
  if (isObject(item.output)) addPart(media, item.output); // A screenshot.
  for (const part of list(item.content)) if (isObject(part)) addPart(media, part);
  for (const part of list(item.output)) if (isObject(part)) addPart(media, part);
}

function addPart(media: Media, part: Json): void {
  switch (part.type) {
    case 'input_image': // An image has the same ceiling inline, by URL and by file id.
    case 'computer_screenshot':
      addImage(media, part.image_url);
      break;
    case 'input_audio':
      addAudio(media, isObject(part.input_audio) ? part.input_audio.data : undefined);
      break;
    case 'input_file':
      addFile(media, part.file_data);
      break;
    default:
      if (typeof part.type !== 'string' || !/(?:text|refusal|logs|stdout|exit|timeout)$/.test(part.type))
        media.unseen = true;
  }
}

function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined) next.model = model;
  if (maxOutputTokens !== undefined) next.max_output_tokens = lowered(next.max_output_tokens, maxOutputTokens);
  return next;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  addTexts(found, body.instructions);
  if (typeof body.input === 'string') found.push(body.input);
  for (const item of list(body.input)) {
    if (!isObject(item)) continue;
    addTexts(found, item.content);
    if (typeof item.output === 'string') found.push(item.output);
  }
  return found;
}

export const openaiResponses: Format = {
  id: 'openai-responses',
  operation: 'chat',
  provider: 'openai',
  lastSegments: ['responses'],
  matches: (method, path) => method === 'POST' && path.endsWith('/responses'),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  rewritePath: deploymentRenamed,
  response,
  stream,
};

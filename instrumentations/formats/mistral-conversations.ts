/**
 * POST …/conversations, …/conversations/ID and …/conversations/ID/restart: Mistral keeps what was said, and runs tools of its own.
 * A conversation starts with a model or an agent; what goes on with one names neither, so that only the answer tells. OpenAI has the
 * first two paths as well, to store conversations, which costs nothing: its bodies say none of this.
 */
import type { UsageBound } from '../../src/domain/usage.ts';
import { ASSUMED_SEARCHES, addFile, addImage, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { response, stream } from './mistral-conversations-answer.ts';
import { isSearchTool, lowered, tokensPerImage } from './openai.ts';
import { addTexts, defined, isObject, type Json, limit, list, name } from './read.ts';

const MARKS = ['inputs', 'from_entry_id', 'tool_confirmations', 'handoff_execution', 'completion_args'];

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  if (!isObject(body) || !MARKS.some((key) => body[key] !== undefined)) return undefined;
  const model = name(body.agent_id) ?? name(body.model) ?? 'unknown';
  const media = mediaOf(body);
  const searches = list(body.tools).filter(isSearchTool).length * ASSUMED_SEARCHES;
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, media.images > 0 ? tokensPerImage(model) : 0),
    outputTokens: isObject(body.completion_args) ? limit(body.completion_args.max_tokens) : undefined,
    webSearches: searches || undefined,
  };
  return {
    model,
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** A model that the request names itself, and no agent. */
function namesModel(body: Json): boolean {
  return name(body.model) !== undefined && name(body.agent_id) === undefined;
}

function mediaOf(body: Json): Media {
  const media = noMedia();
  for (const entry of list(body.inputs)) if (isObject(entry)) addEntry(media, entry);
  // What is kept of an agent or a conversation, and what Mistral's own tools bring in, is not in the request.
  if (!namesModel(body) || list(body.tools).some((tool) => !isObject(tool) || tool.type !== 'function'))
    media.unseen = true;
  return media;
}

function addEntry(media: Media, { content }: Json): void {
  for (const part of list(content)) if (isObject(part)) addPart(media, part);
}

function addPart(media: Media, part: Json): void {
  switch (part.type) {
    case 'text':
    case 'thinking':
    case 'tool_reference':
      break;
    case 'image_url':
      addImage(media, isObject(part.image_url) ? part.image_url.url : part.image_url);
      break;
    case 'document_url':
      addFile(media, part.document_url);
      break;
    default: // `tool_file`, and whatever comes.
      media.unseen = true;
  }
}

/** Only a conversation that starts with a model has one to change. */
function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (model !== undefined && namesModel(next)) next.model = model;
  if (maxOutputTokens === undefined) return next;
  const args: Json = isObject(next.completion_args) ? { ...next.completion_args } : {};
  next.completion_args = { ...args, max_tokens: lowered(args.max_tokens, maxOutputTokens) };
  return next;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  addTexts(found, body.instructions);
  addTexts(found, body.inputs);
  for (const entry of list(body.inputs)) if (isObject(entry)) addTexts(found, entry.content);
  return found;
}

export const mistralConversations: Format = {
  id: 'mistral-conversations',
  operation: 'chat',
  provider: 'mistral',
  lastSegments: ['conversations', 'restart'],
  parentSegments: ['conversations'],
  matches: (method, path) => method === 'POST' && /\/v1\/conversations(?:\/[^/]+(?:\/restart)?)?$/.test(path),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  canRewrite: (body, _path, { model }) => model === undefined || namesModel(body as Json),
  response,
  stream,
};

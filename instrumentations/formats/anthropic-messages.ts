/** POST …/v1/messages, beta or not. Counting tokens (`/count_tokens`) is free, batches have their own endpoint. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { response, stream } from './anthropic-answer.ts';
import { rewriteFallbacks, withFallbacks } from './anthropic-fallbacks.ts';
import { ASSUMED_SEARCHES, addFile, addImage, inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { lowered } from './openai.ts';
import { defined, isObject, type Json, limit, list, name } from './read.ts';
import { vertexGeoOfHost } from './vertex.ts';

/** Width × height / 750 with the long edge at most 2,576 pixels comes to 4,784 at the most; older models stop at 1,600. */
const TOKENS_PER_IMAGE = 5_000;

/** The preamble that comes with tools at all (documented: up to 804), and definitions that Anthropic writes itself. */
const TOOLS_TOKENS = 1_000;
const TYPED_TOOL_TOKENS = 3_000;
const TOOLSET_TOKENS = 15_000;

/** `host`: Vertex AI's own SDK makes its path of this one after it was read here; only the host tells then where it goes. */
export function request(body: unknown, bodyBytes: number, _path?: string, host?: string): RequestFacts | undefined {
  if (!isObject(body) || typeof body.model !== 'string' || !Array.isArray(body.messages)) return undefined;
  const found = walk(body);
  const one: UsageBound = {
    ...inputBound(bodyBytes, found.media, TOKENS_PER_IMAGE, found.toolTokens),
    audio: false, // The API has none.
    outputTokens: limit(body.max_tokens),
    webSearches: found.webSearches || undefined,
    serviceTier: body.speed === 'fast' ? 'fast' : name(body.service_tier),
    inferenceGeo: vertexGeoOfHost(host) ?? name(body.inference_geo),
    cacheWrite1h: found.cacheWrite1h || undefined,
  };
  const bound = withFallbacks(one, body);
  return {
    model: body.model,
    stream: body.stream === true,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, found.media, one),
  };
}

interface Found {
  media: Media;
  toolTokens: number;
  webSearches: number;
  cacheWrite1h: boolean;
}

function walk(body: Json): Found {
  const found: Found = { media: noMedia(), toolTokens: 0, webSearches: 0, cacheWrite1h: false };
  noteCache(found, body);
  addBlocks(found, body.system);
  for (const message of list(body.messages)) if (isObject(message)) addBlocks(found, message.content);
  const tools = list(body.tools);
  if (tools.length > 0) found.toolTokens += TOOLS_TOKENS;
  for (const tool of tools) if (isObject(tool)) addTool(found, tool);
  if (readsMore(body)) found.media.unseen = true;
  return found;
}

/** A stored thread, tools of a remote server and skills are read without being in the request; compaction reads twice. */
function readsMore(body: Json): boolean {
  const { thread, container, compaction, context_management: context } = body;
  if (isObject(thread) || isObject(container) || isObject(compaction)) return true;
  const edits = isObject(context) ? list(context.edits) : [];
  return (
    list(body.mcp_servers).length > 0 || edits.some((edit) => isObject(edit) && name(edit.type)?.startsWith('compact'))
  );
}

function noteCache(found: Found, block: Json): void {
  if (isObject(block.cache_control) && block.cache_control.ttl === '1h') found.cacheWrite1h = true;
}

function addTool(found: Found, tool: Json): void {
  noteCache(found, tool);
  const type = name(tool.type);
  if (type === undefined || type === 'custom') return;
  if (type.startsWith('web_search_')) found.webSearches += limit(tool.max_uses) ?? ASSUMED_SEARCHES;
  found.toolTokens += type.includes('toolset') ? TOOLSET_TOKENS : TYPED_TOOL_TOKENS;
  // These the caller runs (or they search the request's own tools); what any other one finds joins the input.
  if (!/^(?:bash|text_editor|memory|computer|browser|tool_search_tool)_/.test(type)) found.media.unseen = true;
}

/** Depth is bounded: a block holds blocks at most as a document inside a tool's result. */
function addBlocks(found: Found, blocks: unknown, depth = 0): void {
  if (depth > 4) found.media.unseen = true;
  else for (const block of list(blocks)) if (isObject(block)) addBlock(found, block, depth);
}

function addBlock(found: Found, block: Json, depth: number): void {
  noteCache(found, block);
  const source = isObject(block.source) ? block.source : {};
  switch (block.type) {
    case 'image': // The same ceiling for base64, URL and file.
      addImage(found.media, source.data);
      break;
    case 'document':
      if (source.type === 'content') addBlocks(found, source.content, depth + 1);
      else if (source.type !== 'text') addFile(found.media, source.data);
      break;
    case 'container_upload':
      found.media.unseen = true;
      break;
    default: // Text, thinking, tool uses and results, all of them in the body.
      if (Array.isArray(block.content)) addBlocks(found, block.content, depth + 1);
  }
}

function rewrite(body: object, rewrite: Rewrite): object {
  const { model, maxOutputTokens } = rewrite;
  const next: Json = { ...body };
  if (model !== undefined) next.model = model;
  rewriteFallbacks(next, rewrite);
  if (maxOutputTokens === undefined) return next;
  next.max_tokens = lowered(next.max_tokens, maxOutputTokens);
  const { thinking } = next;
  // `budget_tokens` must stay below `max_tokens` and is at least 1,024: where there is no room, no thinking.
  if (isObject(thinking) && typeof thinking.budget_tokens === 'number' && thinking.budget_tokens >= maxOutputTokens)
    next.thinking =
      maxOutputTokens > 1024
        ? { ...thinking, budget_tokens: Math.max(1024, maxOutputTokens >> 1) }
        : { type: 'disabled' };
  return next;
}

export const anthropicMessages: Format = {
  id: 'anthropic-messages',
  operation: 'chat',
  provider: 'anthropic',
  lastSegments: ['messages'],
  matches: (method, path) => method === 'POST' && path.endsWith('/v1/messages'),
  request,
  rewrite,
  response,
  stream,
};

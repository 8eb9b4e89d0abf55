/** What an answer of Converse says, whole or as events. Nova's own answers are in the same words. */
import { bare } from './bedrock-path.ts';
import { usageOf } from './bedrock-usage.ts';
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { conclude, errorOf, isObject, type Json, jsonBytes, list, name, type Seen, textBytes } from './read.ts';

/** Bedrock's guardrails answer in words of their own, which no model wrote and nobody bills by the token. */
const GUARDRAIL = 'guardrail_intervened';

/** How an answer's tool uses name those that Bedrock runs itself (web grounding), billed by the request. */
const SERVER_TOOL = 'server_tool_use';

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Searched = { outputBytes: 0 };
  if (isObject(body)) {
    const message = isObject(body.output) ? body.output.message : undefined;
    for (const block of list(isObject(message) ? message.content : undefined)) takeBlock(seen, block);
    takeReason(seen, body.stopReason);
    takeMetadata(seen, body);
    seen.error = errorOf(body.error);
  }
  return concluded(seen, request);
}

export function stream(request: RequestFacts): StreamReader {
  const seen: Searched = { outputBytes: 0 };
  return {
    push(event) {
      if (isObject(event)) takeEvent(seen, event);
    },
    facts: () => concluded(seen, request),
  };
}

function takeEvent(seen: Searched, event: Json): void {
  const { contentBlockStart, contentBlockDelta, messageStop, metadata } = event;
  if (isObject(contentBlockDelta)) takeBlock(seen, contentBlockDelta.delta);
  if (isObject(contentBlockStart)) takeBlock(seen, contentBlockStart.start);
  if (isObject(messageStop)) takeReason(seen, messageStop.stopReason);
  if (isObject(metadata)) takeMetadata(seen, metadata);
  if (event.type === 'error') seen.error ??= errorOf(event.error ?? true);
}

/** A content block, the start of one, or a piece of one: each has one member, by its kind. */
function takeBlock(seen: Searched, block: unknown): void {
  if (!isObject(block)) return;
  const { toolUse, reasoningContent, citationsContent } = block;
  seen.outputBytes += textBytes(block.text);
  if (isObject(toolUse)) takeTool(seen, toolUse);
  if (isObject(reasoningContent)) seen.outputBytes += reasoningBytes(reasoningContent);
  for (const part of list(isObject(citationsContent) ? citationsContent.content : undefined))
    if (isObject(part)) seen.outputBytes += textBytes(part.text);
}

/** In a stream the input of a tool is text, and otherwise an object. */
function takeTool(seen: Searched, { name: tool, input, type, toolUseId }: Json): void {
  seen.outputBytes += textBytes(tool) + (typeof input === 'string' ? textBytes(input) : input ? jsonBytes(input) : 0);
  if (type === SERVER_TOOL && toolUseId !== undefined) seen.searches = new Set(seen.searches).add(toolUseId);
}

function reasoningBytes({ text, redactedContent, reasoningText }: Json): number {
  return textBytes(text) + textBytes(redactedContent) + (isObject(reasoningText) ? textBytes(reasoningText.text) : 0);
}

function takeReason(seen: Seen, reason: unknown): void {
  const given = name(reason);
  if (given !== undefined) seen.finishReasons = [given];
}

function takeMetadata(seen: Seen, { usage, serviceTier, performanceConfig, trace }: Json): void {
  seen.report = usageOf(usage) ?? seen.report;
  if (isObject(performanceConfig) && performanceConfig.latency === 'optimized') seen.serviceTier = 'optimized';
  else if (isObject(serviceTier)) seen.serviceTier = name(serviceTier.type);
  // A router chose; the profile that it chose is an ARN.
  const router = isObject(trace) && isObject(trace.promptRouter) ? name(trace.promptRouter.invokedModelId) : undefined;
  if (router !== undefined) seen.model = bare(router);
}

/** Searches by the ids of their tool uses. */
type Searched = Seen & { searches?: Set<unknown> };

function concluded(seen: Searched, request: RequestFacts): ResponseFacts {
  const isGuardrail = seen.finishReasons?.includes(GUARDRAIL) === true;
  const facts = conclude(isGuardrail && seen.report ? { ...seen, outputBytes: 0 } : seen, request);
  const { responseId } = request.answered ?? {};
  if (responseId !== undefined) facts.responseId = responseId;
  const webSearches = seen.searches?.size;
  if (webSearches !== undefined && facts.usage) facts.usage = { ...facts.usage, webSearches };
  if (webSearches !== undefined && facts.estimate) facts.estimate = { ...facts.estimate, webSearches };
  return facts;
}

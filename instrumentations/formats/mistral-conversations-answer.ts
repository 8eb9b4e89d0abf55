/** What an answer of …/conversations says, whole or as events. */
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import {
  CountReader,
  conclude,
  errorOf,
  isObject,
  type Json,
  jsonBytes,
  list,
  name,
  report,
  type Seen,
  takeReport,
  textBytes,
  type UsageReport,
} from './read.ts';

const SEARCHES = ['web_search', 'web_search_premium'];

/** What Mistral's own tools brought in is read by the model, and counted beside the prompt; older answers have it in the total alone. */
function usageOf(source: unknown): UsageReport | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const outputTokens = reader.required(source, 'completion_tokens');
  const told = reader.required(source, 'prompt_tokens') + (reader.optional(source, 'connector_tokens') ?? 0);
  const left = (reader.optional(source, 'total_tokens') ?? 0) - outputTokens;
  const webSearches = SEARCHES.reduce((sum, tool) => sum + (reader.optional(source.connectors, tool) ?? 0), 0);
  return report(reader, {
    inputTokens: Math.max(told, left),
    outputTokens,
    webSearches: webSearches || undefined,
  });
}

/** Bytes of an entry or a delta: text, thoughts, what a tool is to be called with. Its name stands in each delta anew, and is left out. */
function bytesOf({ content, arguments: args }: Json): number {
  let bytes = textBytes(content) + (isObject(args) ? jsonBytes(args) : textBytes(args));
  for (const part of isObject(content) ? [content] : list(content)) if (isObject(part)) bytes += partBytes(part);
  return bytes;
}

function partBytes(part: Json): number {
  let bytes = textBytes(part.text);
  for (const thought of list(part.thinking)) if (isObject(thought)) bytes += textBytes(thought.text);
  return bytes;
}

interface Heard {
  seen: Seen;
  /** Agents handed it on to each other, and each has a model of its own. */
  isMixed: boolean;
}

function nothingYet(): Heard {
  return { seen: { outputBytes: 0 }, isMixed: false };
}

function takeEntry(heard: Heard, entry: Json): void {
  const { seen } = heard;
  seen.outputBytes += bytesOf(entry);
  const model = name(entry.model);
  if (model === undefined) return;
  seen.model ??= model;
  if (model !== seen.model) heard.isMixed = true;
}

/** Usage is told of all models together, so that of several none can be named: it is settled as what was asked for. */
function concluded({ seen, isMixed }: Heard, request: RequestFacts): ResponseFacts {
  return conclude(isMixed ? { ...seen, model: undefined } : seen, request);
}

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const heard = nothingYet();
  if (isObject(body)) {
    heard.seen.responseId = name(body.conversation_id);
    heard.seen.error = errorOf(body.error);
    for (const entry of list(body.outputs)) if (isObject(entry)) takeEntry(heard, entry);
    takeReport(heard.seen, usageOf(body.usage));
  }
  return concluded(heard, request);
}

export function stream(request: RequestFacts): StreamReader {
  const heard = nothingYet();
  return {
    push(event) {
      if (isObject(event)) takeEvent(heard, event);
    },
    facts: () => concluded(heard, request),
  };
}

function takeEvent(heard: Heard, event: Json): void {
  switch (event.type) {
    case 'message.output.delta':
    case 'function.call.delta':
    case 'tool.execution.delta':
      takeEntry(heard, event);
      break;
    case 'conversation.response.started':
      heard.seen.responseId ??= name(event.conversation_id);
      break;
    case 'conversation.response.done':
      takeReport(heard.seen, usageOf(event.usage));
      break;
    case 'conversation.response.error':
      heard.seen.error ??= errorOf({ code: event.code });
  }
}

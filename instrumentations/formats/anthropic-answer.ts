/** What an answer of …/v1/messages says, whole or as events. */
import { fallbackIn } from './anthropic-fallbacks.ts';
import { usageOf } from './anthropic-usage.ts';
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { conclude, errorOf, isObject, type Json, jsonBytes, list, name, type Seen, textBytes } from './read.ts';

/** Bytes of a content block or a delta: text, thinking, the arguments of a tool, hidden thinking in its encrypted form. */
function bytesOf(part: Json): number {
  const bytes = textBytes(part.text) + textBytes(part.thinking) + textBytes(part.partial_json) + textBytes(part.name);
  return bytes + (part.type === 'redacted_thinking' ? textBytes(part.data) : 0);
}

function takeMessage(seen: Seen, message: Json): void {
  seen.model ??= name(message.model);
  seen.responseId ??= name(message.id);
  for (const block of list(message.content)) if (isObject(block)) seen.outputBytes += blockBytes(block);
  takeReason(seen, message.stop_reason);
}

/** A whole tool use has its arguments as an object. */
function blockBytes(block: Json): number {
  const { input } = block;
  return bytesOf(block) + (isObject(input) && Object.keys(input).length > 0 ? jsonBytes(input) : 0);
}

function takeReason(seen: Seen, reason: unknown): void {
  const given = name(reason);
  if (given !== undefined) seen.finishReasons = [given];
}

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (!isObject(body)) return concluded(seen, request);
  takeMessage(seen, body);
  seen.error = errorOf(body.error);
  if (body.usage !== undefined && body.usage !== null) seen.report = usageOf(body.usage, request);
  return concluded(seen, request);
}

/**
 * `message_start` knows the input and guesses the output; each `message_delta` carries running totals, the last of them with the reason
 * to stop. So the usage is measured then, and until then what was counted is the least it can be.
 */
export function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  const totals = new Totals();
  return {
    push(event) {
      if (isObject(event)) takeEvent(seen, totals, event);
    },
    facts: () => concluded({ ...seen, ...totals.facts(request) }, request),
  };
}

/** On Bedrock the requested name has the region and the version as well, which the price hangs on. */
function concluded(seen: Seen, request: RequestFacts): ResponseFacts {
  const { model } = seen;
  const isPart = model !== undefined && model !== request.model && request.model.includes(`.${model}`);
  return conclude(isPart ? { ...seen, model: undefined } : seen, request);
}

function takeEvent(seen: Seen, totals: Totals, event: Json): void {
  switch (event.type) {
    case 'content_block_delta':
      if (isObject(event.delta)) seen.outputBytes += bytesOf(event.delta);
      break;
    case 'content_block_start':
      if (isObject(event.content_block)) seen.outputBytes += blockBytes(event.content_block);
      break;
    case 'message_start':
      if (!isObject(event.message)) break;
      takeMessage(seen, event.message);
      totals.add(event.message.usage);
      break;
    case 'message_delta':
      if (isObject(event.delta)) takeReason(seen, event.delta.stop_reason);
      if (isObject(event.usage)) seen.model = fallbackIn(event.usage) ?? seen.model;
      totals.add(event.usage);
      totals.counted ||= isObject(event.usage) && event.usage.output_tokens !== undefined;
      totals.final ||= totals.counted && seen.finishReasons !== undefined;
      break;
    case 'message_stop': // Gateways may leave the reason out.
      totals.final ||= totals.counted;
      break;
    case 'error':
      seen.error ??= errorOf(event.error ?? true);
  }
}

/** The usage objects of a stream laid over each other: a later value wins, but null and zero take nothing back. */
class Totals {
  /** The output was counted, as far as it had come. */
  counted = false;
  /** No more will come. */
  final = false;
  private merged: Json | undefined;

  add(usage: unknown): void {
    if (!isObject(usage)) return;
    this.merged ??= Object.create(null) as Json;
    for (const [key, value] of Object.entries(usage)) {
      if (value === null || value === undefined || (value === 0 && this.merged[key] !== undefined)) continue;
      this.merged[key] = value;
    }
  }

  facts(request: RequestFacts): Pick<Seen, 'report' | 'known'> {
    if (!this.merged) return {};
    if (this.final) return { report: usageOf(this.merged, request) };
    const start = usageOf(this.counted ? this.merged : { ...this.merged, output_tokens: 0 }, request);
    if ('invalid' in start) return { report: start };
    return start.usage.inputTokens > 0 ? { known: start.usage } : {};
  }
}

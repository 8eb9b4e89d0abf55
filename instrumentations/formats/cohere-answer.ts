/** What an answer of Cohere's chat says: whole, as events of the second version or as JSON lines of the first. */
import { usageOf } from './cohere-usage.ts';
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { conclude, isObject, type Json, jsonBytes, name, type Seen, textBytes } from './read.ts';

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) takeWhole(seen, body);
  return conclude(seen, request);
}

function takeWhole(seen: Seen, body: Json): void {
  seen.responseId ??= name(body.id) ?? name(body.response_id) ?? name(body.generation_id);
  takeEnd(seen, body);
  seen.outputBytes += textBytes(body.text) + callBytes(body.tool_calls);
  if (isObject(body.message)) seen.outputBytes += messageBytes(body.message);
  seen.report = usageOf(body.usage ?? body.meta);
}

function takeEnd(seen: Seen, body: Json): void {
  const reason = name(body.finish_reason);
  if (reason !== undefined) seen.finishReasons = [reason];
  if (reason === 'ERROR' || (body.error !== undefined && body.error !== null)) seen.error ??= 'error';
}

/** Of the second version. What is no message's content is a tool's plan or a thought. */
function messageBytes(message: Json): number {
  let bytes = textBytes(message.content) + textBytes(message.tool_plan) + callBytes(message.tool_calls);
  const parts = Array.isArray(message.content) ? message.content : [message.content];
  for (const part of parts) if (isObject(part)) bytes += textBytes(part.text) + textBytes(part.thinking);
  return bytes;
}

/** Calls of tools, one or many, with arguments as a text (second version) or an object (first). */
function callBytes(calls: unknown): number {
  let bytes = 0;
  for (const call of Array.isArray(calls) ? calls : [calls]) {
    if (!isObject(call)) continue;
    if (isObject(call.function)) bytes += textBytes(call.function.name) + textBytes(call.function.arguments);
    bytes += textBytes(call.name) + (isObject(call.parameters) ? jsonBytes(call.parameters) : 0);
  }
  return bytes;
}

export function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  return {
    push(event) {
      if (isObject(event)) takeEvent(seen, event);
    },
    facts: () => conclude({ ...seen }, request),
  };
}

function takeEvent(seen: Seen, event: Json): void {
  seen.responseId ??= name(event.id) ?? name(event.generation_id);
  if (event.event_type !== undefined) takeLine(seen, event);
  else if (isObject(event.delta)) takeDelta(seen, event.delta);
  else if (event.type === 'error' || typeof event.message === 'string') seen.error ??= 'error';
}

function takeDelta(seen: Seen, delta: Json): void {
  if (isObject(delta.message)) seen.outputBytes += messageBytes(delta.message);
  takeEnd(seen, delta);
  seen.report = usageOf(delta.usage) ?? seen.report;
}

/** The last line of the first version repeats the whole answer, so only its counts are taken of it. */
function takeLine(seen: Seen, event: Json): void {
  if (event.event_type === 'stream-end') {
    takeEnd(seen, event);
    const whole = isObject(event.response) ? event.response : {};
    seen.responseId ??= name(whole.generation_id);
    seen.report = usageOf(whole.meta) ?? seen.report;
  } else if (event.event_type === 'text-generation' || event.event_type === 'tool-calls-chunk') {
    seen.outputBytes += textBytes(event.text);
    const delta = isObject(event.tool_call_delta) ? event.tool_call_delta : {};
    seen.outputBytes += textBytes(delta.name) + textBytes(delta.parameters);
  }
}

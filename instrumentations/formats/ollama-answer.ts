/** What an answer of Ollama says, whole or as JSON lines; the last line of a stream has the counts. */
import type { Usage } from '../../src/domain/usage.ts';
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import {
  CountReader,
  conclude,
  isObject,
  type Json,
  jsonBytes,
  list,
  name,
  report,
  type Seen,
  textBytes,
} from './read.ts';

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const reader = stream(request);
  reader.push(body);
  return reader.facts();
}

export function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  return {
    push(event) {
      if (isObject(event)) take(seen, event);
    },
    facts: () => conclude({ ...seen }, request),
  };
}

function take(seen: Seen, body: Json): void {
  seen.model ??= name(body.model);
  if (body.error !== undefined && body.error !== null) seen.error ??= 'error'; // A sentence, which is not ours to tell.
  seen.outputBytes += textBytes(body.response) + textBytes(body.thinking);
  if (isObject(body.message)) seen.outputBytes += bytesOf(body.message);
  const reason = name(body.done_reason);
  if (reason !== undefined) seen.finishReasons = [reason];
  if (body.eval_count !== undefined || body.prompt_eval_count !== undefined) takeCounts(seen, body);
}

function bytesOf(message: Json): number {
  let bytes = textBytes(message.content) + textBytes(message.thinking);
  for (const call of list(message.tool_calls)) {
    const called = isObject(call) && isObject(call.function) ? call.function : {};
    bytes += textBytes(called.name) + (called.arguments === undefined ? 0 : jsonBytes(called.arguments));
  }
  return bytes;
}

/** Ollama leaves a count of zero out; a prompt that it had in its cache was left out by older versions, too. */
function takeCounts(seen: Seen, body: Json): void {
  const reader = new CountReader();
  if (body.prompt_eval_count === undefined) {
    const outputTokens = reader.optional(body, 'eval_count');
    seen.known = outputTokens === undefined ? undefined : { outputTokens };
    if (reader.problem !== undefined) seen.report = { invalid: reader.problem };
    return;
  }
  const usage: Usage = {
    inputTokens: reader.required(body, 'prompt_eval_count'),
    outputTokens: reader.optional(body, 'eval_count') ?? 0,
  };
  seen.report = report(reader, usage);
}

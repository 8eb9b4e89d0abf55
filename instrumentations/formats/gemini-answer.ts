/** What an answer of …:generateContent or …:streamGenerateContent says, whole, in chunks, or as an array of chunks. */
import type { RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { Grounding } from './gemini-grounding.ts';
import { servedTierOf, usageOf } from './gemini-usage.ts';
import {
  conclude,
  errorOf,
  isObject,
  type Json,
  jsonBytes,
  list,
  name,
  type Seen,
  takeReport,
  textBytes,
} from './read.ts';

/** Bytes of a part: text or a summary of thoughts, the arguments of a tool, code and what came of it, media. */
function partBytes(part: Json): number {
  const { functionCall: call, executableCode: code, codeExecutionResult: result, inlineData: blob } = part;
  let bytes = textBytes(part.text);
  if (isObject(call)) bytes += textBytes(call.name) + (isObject(call.args) ? jsonBytes(call.args) : 0);
  if (isObject(code)) bytes += textBytes(code.code);
  if (isObject(result)) bytes += textBytes(result.output);
  if (isObject(blob)) bytes += blobBytes(blob);
  return bytes;
}

/** A picture stands for some 1,500 tokens, speech for 25 a second of 64,000 base64 bytes: as bytes of text, three to a token. */
const BYTES_PER_PICTURE = 4500;
const SPEECH_BYTES_PER_TEXT_BYTE = 850;

function blobBytes({ mimeType, data }: Json): number {
  if (typeof mimeType !== 'string' || !mimeType.startsWith('audio/')) return BYTES_PER_PICTURE;
  return Math.ceil(textBytes(data) / SPEECH_BYTES_PER_TEXT_BYTE);
}

/** More than the API gives; a stream that repeats itself fills no memory. */
const MAX_REASONS = 128;

function addReason(reasons: string[], value: unknown): void {
  const reason = name(value);
  if (reason !== undefined && reasons.length < MAX_REASONS) reasons.push(reason);
}

interface State {
  seen: Seen;
  reasons: string[];
  grounding: Grounding;
}

function take({ seen, reasons, grounding }: State, body: Json): void {
  seen.model = name(body.modelVersion) ?? seen.model;
  seen.responseId ??= name(body.responseId);
  seen.error ??= statusOf(body.error);
  if (isObject(body.promptFeedback)) addReason(reasons, body.promptFeedback.blockReason);
  for (const candidate of list(body.candidates)) {
    if (!isObject(candidate)) continue;
    const parts = isObject(candidate.content) ? list(candidate.content.parts) : [];
    for (const part of parts) if (isObject(part)) seen.outputBytes += partBytes(part);
    addReason(reasons, candidate.finishReason);
    grounding.add(candidate.groundingMetadata);
  }
  seen.serviceTier = servedTierOf(body.usageMetadata) ?? seen.serviceTier;
  takeReport(seen, usageOf(body.usageMetadata));
}

/** Google's word for an error (`RESOURCE_EXHAUSTED`), else its code. */
function statusOf(error: unknown): string | undefined {
  return (isObject(error) ? name(error.status) : undefined) ?? errorOf(error);
}

function concluded({ seen, reasons, grounding }: State, request: RequestFacts): ResponseFacts {
  const webSearches = grounding.searches(seen.model ?? request.model);
  const own = { ...seen, finishReasons: [...reasons] };
  if (webSearches === undefined) return conclude(own, request);
  const report = seen.report && 'usage' in seen.report ? { usage: { ...seen.report.usage, webSearches } } : seen.report;
  return conclude({ ...own, report, known: { ...seen.known, webSearches } }, request);
}

/** Without `alt=sse` a stream comes as one array of the same chunks. */
export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const reader = stream(request);
  if (Array.isArray(body)) for (const chunk of body) reader.push(chunk);
  else reader.push(body);
  return reader.facts();
}

export function stream(request: RequestFacts): StreamReader {
  const state: State = { seen: { outputBytes: 0 }, reasons: [], grounding: new Grounding() };
  return {
    push(event) {
      if (isObject(event)) take(state, event);
    },
    facts: () => concluded(state, request),
  };
}

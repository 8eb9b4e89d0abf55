/** Google's `contents`: what goes into the input, and what of it the bytes do not bound. Names come in camel or snake case. */
import { addAudio, addFile, addImage, type Media } from './bound.ts';
import { addTexts, isObject, type Json, list, name } from './read.ts';

/**
 * Gemini 2: an image is cut into tiles of 258 tokens. Scaled to 3,072 pixels and with tiles of 256 at the least that is 24 and
 * one for the whole. Gemini 3: 2,240 at the highest resolution. Source: ai.google.dev/gemini-api/docs/tokens, …/media-resolution.
 */
export const TOKENS_PER_IMAGE = 25 * 258;

/** Protobuf's JSON takes both spellings of a field. */
export function either(object: Json, camel: string, snake: string): unknown {
  return object[camel] ?? object[snake];
}

/** A content, several, or what the API takes for one. */
export function contentsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : isObject(value) ? [value] : [];
}

export function addContents(media: Media, contents: unknown): void {
  for (const content of contentsOf(contents)) {
    if (isObject(content)) for (const part of contentsOf(content.parts)) addPart(media, part);
  }
}

/** Parts that are text, or JSON of the caller's, and bounded by their bytes. */
const WRITTEN: ReadonlySet<string> = new Set([
  'text',
  'functionCall',
  'function_call',
  'executableCode',
  'executable_code',
  'codeExecutionResult',
  'code_execution_result',
  'toolCall',
  'tool_call',
  'toolResponse',
  'tool_response',
  'thought',
]);

function addPart(media: Media, part: unknown): void {
  if (!isObject(part)) return;
  const inline = either(part, 'inlineData', 'inline_data');
  const file = either(part, 'fileData', 'file_data');
  const response = either(part, 'functionResponse', 'function_response');
  if (isObject(inline)) addBlob(media, inline, inline.data);
  else if (isObject(file)) addBlob(media, file, undefined);
  else if (isObject(response)) addResponse(media, response);
  else if (!Object.keys(part).some((key) => WRITTEN.has(key))) media.unseen = true;
}

/** A tool's answer may hold media, but no further answers. */
function addResponse(media: Media, { parts }: Json): void {
  for (const part of contentsOf(parts)) {
    if (!isObject(part)) continue;
    const blob = either(part, 'inlineData', 'inline_data') ?? either(part, 'fileData', 'file_data');
    if (isObject(blob)) addBlob(media, blob, blob.data);
    else media.unseen = true;
  }
}

/** An image has its ceiling wherever it is. A video's tokens follow from its length, a document's from its pages. */
function addBlob(media: Media, blob: Json, data: unknown): void {
  const type = (name(either(blob, 'mimeType', 'mime_type')) ?? '').toLowerCase();
  if (type.startsWith('image/')) addImage(media, data);
  else if (data === undefined) media.unseen = true;
  else if (type.startsWith('audio/')) addAudio(media, data);
  else if (!type.startsWith('text/')) addFile(media, data);
}

export function addContentTexts(texts: string[], contents: unknown): void {
  for (const content of contentsOf(contents)) if (isObject(content)) addTexts(texts, list(content.parts));
}

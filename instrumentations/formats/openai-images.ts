/** POST …/images/generations, …/images/edits and …/images/variations: pictures, billed by the token or by the piece. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { FRAMING_TOKENS } from './bound.ts';
import { filesOf, isUnseen, isYes, limitOf } from './form.ts';
import type { Format, RequestFacts } from './format.ts';
import { deploymentRenamed, modelOf, tokensPerImage } from './openai.ts';
import { response, stream } from './openai-images-answer.ts';
import { ESTIMATE_BYTES_PER_TOKEN, isObject, type Json, list, name, textBytes } from './read.ts';
import { renamed } from './whole.ts';

/** Billed by the piece. */
const BY_PIECE = /dall-e/;

/**
 * Tokens of a picture of gpt-image-1, -mini and 1.5, by its quality: the most that any size has, and those of a square one.
 * Later models have pictures of any size, so that nobody knows the most of them; there it is the model's.
 */
const TOKENS: Readonly<Record<string, readonly [most: number, usual: number]>> = {
  low: [408, 272],
  medium: [1_584, 1_056],
  high: [6_240, 4_160],
};
const WITH_KNOWN_SIZES = /gpt-image-1(?:[.-]|$)/;

/** Each picture that is sent before it is finished. */
const PARTIAL_TOKENS = 100;

/** A picture that goes in, when nobody counted. */
const INPUT_IMAGE_ESTIMATE_TOKENS = 600;

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || !hasSubject(body, path)) return undefined;
  const model = modelOf(body, path);
  const facts = { model, stream: isYes(body.stream) };
  const pieces = limitOf(body.n) ?? (isUnseen(body) ? MAX_PIECES : 1);
  if (BY_PIECE.test(model)) {
    const bound: UsageBound = { inputTokens: 0, outputTokens: 0, outputImages: pieces };
    return { ...facts, bound, estimatedInputTokens: 0, estimate: { outputImages: limitOf(body.n) ?? 1 } };
  }
  const images = imagesIn(body);
  const [most, usual] = tokensPerPicture(body);
  const partial = limitOf(body.partial_images) ?? 0;
  const bound: UsageBound = {
    inputTokens: Math.max(bodyBytes - images.bytes, 0) + images.count * tokensPerImage(model) + FRAMING_TOKENS,
    audio: false,
  };
  // Vector graphics are drawn by another model, which reads the picture's plan.
  if (isUnseen(body) || isObject(body.svg) || body.output_format === 'svg') bound.unseenInput = true;
  if (WITH_KNOWN_SIZES.test(model)) bound.outputTokens = (most + partial * PARTIAL_TOKENS) * pieces;
  else {
    if (pieces > 1) bound.choices = pieces;
    bound.outputImages = pieces; // Elsewhere they are billed by the piece.
  }
  const text = Math.ceil(textBytes(body.prompt) / ESTIMATE_BYTES_PER_TOKEN);
  const outputTokens = (usual + partial * PARTIAL_TOKENS) * (limitOf(body.n) ?? 1);
  return {
    ...facts,
    bound,
    estimatedInputTokens: Math.min(text + images.count * INPUT_IMAGE_ESTIMATE_TOKENS, bound.inputTokens),
    estimate: { outputTokens, outputImageTokens: outputTokens },
  };
}

/** OpenAI's own limit of `n`. */
const MAX_PIECES = 10;

/** Of a form that is not seen only the path tells that it is one of these. */
function hasSubject(body: Json, path: string | undefined): boolean {
  return body.prompt !== undefined || body.image !== undefined || isUnseen(body) || /\/deployments\//.test(path ?? '');
}

function tokensPerPicture(body: Json): readonly [number, number] {
  return TOKENS[name(body.quality) ?? ''] ?? TOKENS.high!;
}

/** Files of a form, or pictures by address, by id or inside the JSON; `bytes` are those of them in the body. */
function imagesIn(body: Json): { count: number; bytes: number } {
  const files = [...filesOf(body.image), ...filesOf(body.mask), ...filesOf(body.markup)];
  const listed = [...list(body.images), body.mask, body.markup].filter(isObject);
  const inline = [...list(body.images), body.mask].reduce<number>((sum, image) => {
    const url = isObject(image) ? image.image_url : undefined;
    return typeof url === 'string' && url.startsWith('data:') ? sum + url.length : sum;
  }, 0);
  const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0) + inline;
  return { count: Math.max(files.length, listed.length), bytes };
}

export const openaiImages: Format = {
  id: 'openai-images',
  operation: 'image_generation',
  provider: 'openai',
  lastSegments: ['generations', 'edits', 'variations'],
  matches: (method, path) => method === 'POST' && /\/images\/(?:generations|edits|variations)$/.test(path),
  request,
  form: true,
  canRewrite: (body) => !isUnseen(body as Json),
  rewrite: renamed,
  rewritePath: deploymentRenamed,
  response,
  stream,
};

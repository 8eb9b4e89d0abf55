/**
 * POST …/models/imagen-…:predict, of the Gemini API and Vertex AI: pictures made, edited and enlarged, billed by the piece. Other
 * models are asked by the same verb: vectors are `gemini-embeddings`, and whoever serves a model of their own is left alone.
 */
import { MAX_USAGE_COUNT, type UsageBound } from '../../src/domain/usage.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { bare, denial, googlePath, isImagen, modelIn, withModel } from './gemini-path.ts';
import { response } from './imagen-answer.ts';
import { isObject, type Json, limit, list } from './read.ts';
import { lastAnswer } from './whole.ts';

/** What both APIs make of a prompt when nobody says how many; it is also the most that these models take. */
const DEFAULT_PIECES = 4;

/** What goes in, words and pictures, is not billed. */
function request(body: unknown, _bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body)) return undefined;
  const pieces = piecesOf(body);
  if (pieces === 0) return undefined;
  const bound: UsageBound = { inputTokens: 0, outputTokens: 0, outputImages: pieces };
  return { model: modelIn(path), stream: false, bound, estimatedInputTokens: 0, estimate: { outputImages: pieces } };
}

/** Of each instance, though Google takes but one today. */
function piecesOf({ instances, parameters }: Json): number {
  const each = limit(isObject(parameters) ? parameters.sampleCount : undefined) ?? DEFAULT_PIECES;
  return Math.min(each * list(instances).length, MAX_USAGE_COUNT);
}

/** Models without a choice of sizes refuse to hear of one. */
const OF_ONE_SIZE = /^imagen-3|-fast-/;

/** The model is in the path, and there `rewritePath` puts it; there is no output to limit. */
function rewrite(body: object, { model }: Rewrite): object {
  const next: Json = { ...body };
  if (model === undefined || !OF_ONE_SIZE.test(bare(model)) || !isObject(next.parameters)) return next;
  const { sampleImageSize: _, ...parameters } = next.parameters;
  return { ...next, parameters };
}

/** Models that make pictures from words cannot edit, and those that enlarge can do nothing else. */
function canRewrite(_body: object, path: string, { model }: Rewrite): boolean {
  return model === undefined || (isImagen(bare(model)) && taskOf(bare(model)) === taskOf(modelIn(path)));
}

function taskOf(model: string): string | undefined {
  return /-(generate|capability|upscale|recontext)(?:-|$)/.exec(model)?.[1];
}

export const imagen: Format = {
  id: 'imagen',
  operation: 'image_generation',
  provider: 'google',
  lastSegments: ['predict'],
  matches: (method, path) => {
    const place = googlePath(path);
    return method === 'POST' && place?.verb === 'predict' && isImagen(place.model);
  },
  request,
  canRewrite,
  rewrite,
  rewritePath: (path, { model }) => withModel(path, model),
  denial,
  // The retries of its SDK, where they are asked for, know nothing of `x-should-retry`.
  retries429: true,
  response,
  stream: lastAnswer(response),
};

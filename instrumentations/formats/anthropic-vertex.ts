/**
 * Claude on Vertex AI: POST …/publishers/anthropic/models/MODEL:rawPredict or :streamRawPredict. A message as Anthropic's own API
 * takes it, but that the model stands in the path (`anthropic_version` in the body says so). Tokens are counted at a model of its own.
 */
import { anthropicMessages, request } from './anthropic-messages.ts';
import type { Format } from './format.ts';
import { modelIn, withModel } from './gemini-path.ts';
import { isObject } from './read.ts';
import { vertexGeo } from './vertex.ts';

const PATH = /\/locations\/([^/]+)\/publishers\/anthropic\/models\/(?!count-tokens:)[^/]+:(?:streamR|r)awPredict$/;

export const anthropicVertex: Format = {
  ...anthropicMessages,
  id: 'anthropic-vertex',
  provider: 'google',
  lastSegments: ['rawPredict', 'streamRawPredict'],
  matches: (method, path) => method === 'POST' && PATH.test(path),
  request(body, bodyBytes, path = '') {
    if (!isObject(body)) return undefined;
    const facts = request({ ...body, model: modelIn(path) }, bodyBytes);
    const geo = vertexGeo(PATH.exec(path)?.[1]);
    return facts && geo !== undefined ? { ...facts, bound: { ...facts.bound, inferenceGeo: geo } } : facts;
  },
  rewrite: (body, { maxOutputTokens }) =>
    anthropicMessages.rewrite(body, maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  rewritePath: (path, { model }) => withModel(path, model),
};

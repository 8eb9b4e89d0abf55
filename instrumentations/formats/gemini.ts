/** POST …/models/MODEL:generateContent and :streamGenerateContent, of the Gemini API and Vertex AI. Counting tokens is free. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, type Media, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { response, stream } from './gemini-answer.ts';
import { searchesOfTool } from './gemini-grounding.ts';
import { addContents, addContentTexts, contentsOf, either, TOKENS_PER_IMAGE } from './gemini-parts.ts';
import { bare, denial, googlePath, modelIn, withModel } from './gemini-path.ts';
import { tierOf } from './gemini-usage.ts';
import { lowered } from './openai.ts';
import { defined, isObject, type Json, limit, list } from './read.ts';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || contentsOf(body.contents).length === 0) return undefined;
  const model = modelIn(path);
  const config = configOf(body);
  const media = mediaOf(body, config);
  const tools = contentsOf(body.tools).filter(isObject);
  if (tools.some(addsInput)) media.unseen = true;
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, TOKENS_PER_IMAGE),
    ...outputBound(config),
    webSearches: tools.reduce((sum, tool) => sum + searchesOfTool(tool, model), 0) || undefined,
    serviceTier: tierOf(either(body, 'serviceTier', 'service_tier')),
  };
  return {
    model,
    stream: path?.endsWith(':streamGenerateContent') ?? false,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

function configOf(body: Json): Json {
  const config = either(body, 'generationConfig', 'generation_config');
  return isObject(config) ? config : {};
}

function mediaOf(body: Json, config: Json): Media {
  const media = noMedia();
  addContents(media, body.contents);
  addContents(media, either(body, 'systemInstruction', 'system_instruction'));
  // A cache, and what an answer that goes on has written so far.
  const stored = [
    either(body, 'cachedContent', 'cached_content'),
    either(body, 'continuationToken', 'continuation_token'),
  ];
  if (stored.some((state) => state !== undefined)) media.unseen = true;
  const modalities = list(either(config, 'responseModalities', 'response_modalities'));
  media.audio ||= modalities.includes('AUDIO') || isObject(either(config, 'speechConfig', 'speech_config'));
  return media;
}

/** What every hosted tool finds joins the input; functions are the caller's. */
function addsInput(tool: Json): boolean {
  return Object.keys(tool).some((key) => key !== 'functionDeclarations' && key !== 'function_declarations');
}

/** Thoughts count against the limit. */
function outputBound(config: Json): Pick<UsageBound, 'outputTokens' | 'choices'> {
  const choices = limit(either(config, 'candidateCount', 'candidate_count')) ?? 1;
  const perChoice = limit(either(config, 'maxOutputTokens', 'max_output_tokens'));
  const many = choices > 1 ? { choices } : {};
  return perChoice === undefined ? many : { outputTokens: perChoice * choices, ...many };
}

/** The model is in the path, and there `rewritePath` puts it. */
function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  const key = next.generation_config === undefined ? 'generationConfig' : 'generation_config';
  const config: Json = isObject(next[key]) ? { ...next[key] } : {};
  if (maxOutputTokens !== undefined) {
    const name = config.max_output_tokens === undefined ? 'maxOutputTokens' : 'max_output_tokens';
    config[name] = lowered(config[name], maxOutputTokens);
  }
  adaptThinking(config, model, maxOutputTokens);
  if (Object.keys(config).length > 0) next[key] = config;
  return next;
}

/** The least thinking that every thinking model of Gemini 2.5 takes, and the most. */
const LEAST_THINKING = 512;
const MOST_THINKING = 24_576;

/** A model refuses what it does not know of thinking: before 2.5 all of it, before 3 its levels. A budget leaves room to answer. */
function adaptThinking(config: Json, model: string | undefined, maxOutputTokens: number | undefined): void {
  const key = config.thinking_config === undefined ? 'thinkingConfig' : 'thinking_config';
  const current = config[key];
  if (!isObject(current)) return;
  const generation = model === undefined ? undefined : /^gemini-(\d+(?:\.\d+)?)/.exec(bare(model))?.[1];
  if (generation !== undefined && Number(generation) < 2.5) {
    delete config[key];
    return;
  }
  const thinking: Json = { ...current };
  if (generation !== undefined && Number(generation) < 3) {
    delete thinking.thinkingLevel;
    delete thinking.thinking_level;
  }
  const budget = thinking.thinking_budget === undefined ? 'thinkingBudget' : 'thinking_budget';
  const tokens = thinking[budget];
  if (typeof tokens === 'number') {
    const room = maxOutputTokens === undefined || tokens < maxOutputTokens ? tokens : maxOutputTokens >> 1;
    const most = model === undefined ? room : Math.min(room, MOST_THINKING);
    thinking[budget] = Math.min(tokens, Math.max(most, LEAST_THINKING));
  }
  config[key] = thinking;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  addContentTexts(found, either(body, 'systemInstruction', 'system_instruction'));
  addContentTexts(found, body.contents);
  return found;
}

const VERBS: readonly string[] = ['generateContent', 'streamGenerateContent'];

export const gemini: Format = {
  id: 'gemini',
  operation: 'generate_content',
  provider: 'google',
  lastSegments: VERBS,
  matches: (method, path) => method === 'POST' && VERBS.includes(googlePath(path)?.verb ?? ''),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  rewritePath: (path, { model }) => withModel(path, model),
  denial,
  // Its retries, where they are asked for, know nothing of `x-should-retry`.
  retries429: true,
  response,
  stream,
};

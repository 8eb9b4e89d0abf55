/** POST …/completions, which continues a text: OpenAI's legacy endpoint, and what vLLM, Together and others still speak. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { deploymentRenamed, lowered, modelOf } from './openai.ts';
import { askForUsage, isExtraEvent } from './openai-chat.ts';
import { response, stream } from './openai-chat-answer.ts';
import { isObject, type Json, limit, list } from './read.ts';

/** What these write where the request sets no limit; other models, elsewhere, may write all they can. */
const DEFAULT_MAX_TOKENS = 16;
const OPENAIS = /(?:^|[/:])(?:gpt-3\.5-turbo-instruct|davinci-002|babbage-002)/;

/** A bound may speak of so many at the most. */
const MAX_CHOICES = 1024;

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || body.prompt === undefined) return undefined;
  const model = modelOf(body, path);
  const media = noMedia();
  const bound: UsageBound = inputBound(bodyBytes, media, 0);
  boundOutput(bound, body, model);
  return {
    model,
    stream: body.stream === true,
    bound,
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** `best_of` are written and billed, though `n` of them are shown; and so for each prompt. */
function boundOutput(bound: UsageBound, body: Json, model: string): void {
  const choices = promptsIn(body.prompt) * Math.max(limit(body.n) ?? 1, limit(body.best_of) ?? 1);
  const perChoice = limit(body.max_tokens) ?? (OPENAIS.test(model) ? DEFAULT_MAX_TOKENS : undefined);
  if (perChoice !== undefined) bound.outputTokens = perChoice * choices;
  if (perChoice === undefined || choices > 1) bound.choices = Math.min(choices, MAX_CHOICES);
}

/** A list of texts, or of lists of token ids, is a prompt each; a list of token ids is one. */
function promptsIn(prompt: unknown): number {
  const prompts = list(prompt);
  return typeof prompts[0] === 'number' ? 1 : Math.max(prompts.length, 1);
}

function rewrite(body: object, { model, maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  const before = modelOf(next);
  if (model !== undefined) next.model = model;
  // Theirs stop at 16 unasked, so that a limit would be a higher one.
  const isLimited = limit(next.max_tokens) !== undefined || (OPENAIS.test(before) && OPENAIS.test(modelOf(next)));
  if (maxOutputTokens === undefined) return next;
  if (!isLimited || maxOutputTokens < DEFAULT_MAX_TOKENS || next.max_tokens !== undefined)
    next.max_tokens = lowered(next.max_tokens, maxOutputTokens);
  return next;
}

function texts(body: Json): string[] {
  const prompts = typeof body.prompt === 'string' ? [body.prompt] : list(body.prompt);
  return prompts.filter((text) => typeof text === 'string');
}

export const openaiCompletions: Format = {
  id: 'openai-completions',
  operation: 'text_completion',
  provider: 'openai',
  lastSegments: ['completions'],
  // Mistral's `/fim/completions` and `/agents/completions` answer as a chat does.
  matches: (method, path) =>
    method === 'POST' && path.endsWith('/completions') && !/\/(?:chat|fim|agents)\/completions$/.test(path),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  rewritePath: deploymentRenamed,
  askForUsage,
  isExtraEvent,
  response,
  stream,
};

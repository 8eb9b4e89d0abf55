/**
 * What the older and simpler models of Bedrock take and give through InvokeModel: one prompt and one text, or vectors. Each maker
 * has names of its own for the same few things.
 *
 *   Titan    inputText, textGenerationConfig.maxTokenCount     results[].outputText, tokenCount, inputTextTokenCount
 *   Llama    prompt, max_gen_len                               generation, prompt_token_count, generation_token_count
 *   Mistral  prompt, max_tokens                                outputs[].text
 *   Cohere   prompt or message, max_tokens                     generations[].text or text
 *   Claude 2 prompt, max_tokens_to_sample                      completion
 *   vectors  inputText, texts, inputImage, images              embedding, embeddings
 */
import type { Usage, UsageBound } from '../../src/domain/usage.ts';
import { familyOf } from './bedrock-path.ts';
import { METRICS, usageOfHeaders, usageOfMetrics } from './bedrock-usage.ts';
import { inputBound, inputEstimate, noMedia } from './bound.ts';
import type { RequestFacts, ResponseFacts, Rewrite, StreamReader } from './format.ts';
import { lowered } from './openai.ts';
import {
  CountReader,
  conclude,
  defined,
  errorOf,
  isObject,
  type Json,
  limit,
  list,
  name,
  report,
  type Seen,
  textBytes,
  type UsageReport,
} from './read.ts';

const LIMITS = ['max_gen_len', 'max_tokens', 'max_tokens_to_sample', 'maxTokens', 'max_new_tokens'] as const;

/** The name of the limit where a request sets none, by the maker of the model. */
const LIMIT_OF: Readonly<Record<string, (typeof LIMITS)[number]>> = {
  meta: 'max_gen_len',
  mistral: 'max_tokens',
  cohere: 'max_tokens',
  deepseek: 'max_tokens',
  ai21: 'maxTokens',
  anthropic: 'max_tokens_to_sample',
};

export function requestOf(body: Json, bodyBytes: number, model: string, isStream: boolean): RequestFacts {
  const media = noMedia();
  // Nothing published says how many tokens a picture comes to, or it is billed by the piece.
  media.unseen = [body.inputImage, body.images, body.inputs, body.mediaSource, body.singleEmbeddingParams].some(
    Boolean,
  );
  const choices = limit(body.num_generations) ?? limit(body.numResults);
  const each = limitIn(body);
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, 0),
    outputTokens: each === undefined ? undefined : each * (choices ?? 1),
    choices,
  };
  return {
    model,
    stream: isStream,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

function limitIn(body: Json): number | undefined {
  const config = body.textGenerationConfig;
  const key = LIMITS.find((one) => body[one] !== undefined);
  return limit(isObject(config) ? config.maxTokenCount : key && body[key]);
}

export function limitNameOf(body: Json, model: string): string | undefined {
  return LIMITS.find((one) => body[one] !== undefined) ?? LIMIT_OF[familyOf(model) ?? ''];
}

export function rewriteLimit(body: Json, { maxOutputTokens }: Rewrite, model: string): Json {
  if (maxOutputTokens === undefined) return { ...body };
  if (body.inputText !== undefined) {
    const config = isObject(body.textGenerationConfig) ? body.textGenerationConfig : {};
    const maxTokenCount = lowered(config.maxTokenCount, maxOutputTokens);
    return { ...body, textGenerationConfig: { ...config, maxTokenCount } };
  }
  const key = limitNameOf(body, model);
  return key === undefined ? { ...body } : { ...body, [key]: lowered(body[key], maxOutputTokens) };
}

export function texts({ prompt, message, inputText, texts: many }: Json): string[] {
  return [prompt, message, inputText, ...list(many)].filter((text) => typeof text === 'string');
}

/** Llama's counts stand in different events of a stream. */
type Counted = Seen & { llama: Json };

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const reader = stream(request);
  reader.push(body);
  return reader.facts();
}

/** Each event is a piece in the same words as a whole answer; the last one has Bedrock's own counts. */
export function stream(request: RequestFacts): StreamReader {
  const seen: Counted = { outputBytes: 0, llama: {} };
  return {
    push(event) {
      if (isObject(event)) takePiece(seen, event);
    },
    facts: () => concluded(seen, request),
  };
}

function takePiece(seen: Counted, piece: Json): void {
  const parts = [piece, ...[piece.results, piece.outputs, piece.generations, piece.completions].flatMap(list)];
  for (const part of parts) if (isObject(part)) takePart(seen, part);
  seen.llama = {
    prompt_token_count: piece.prompt_token_count ?? seen.llama.prompt_token_count,
    generation_token_count: piece.generation_token_count ?? seen.llama.generation_token_count,
  };
  const own = llamaUsage(seen.llama) ?? titanUsage(piece);
  seen.report = usageOfMetrics(piece[METRICS]) ?? own ?? seen.report;
  seen.responseId ??= name(piece.id) ?? name(piece.generation_id);
  if (piece.error !== undefined) seen.error ??= errorOf(piece.error);
}

function takePart(seen: Seen, part: Json): void {
  const { text, generation, outputText, completion, data } = part;
  for (const one of [text, generation, outputText, completion]) seen.outputBytes += textBytes(one);
  if (isObject(data)) seen.outputBytes += textBytes(data.text);
  const reason = name(part.stop_reason) ?? name(part.completionReason) ?? name(part.finish_reason);
  if (reason !== undefined) seen.finishReasons = [reason];
}

function llamaUsage(piece: Json): UsageReport | undefined {
  if (piece.prompt_token_count == null || piece.generation_token_count == null) return undefined;
  const reader = new CountReader();
  const inputTokens = reader.required(piece, 'prompt_token_count');
  return report(reader, { inputTokens, outputTokens: reader.required(piece, 'generation_token_count') });
}

function titanUsage(piece: Json): UsageReport | undefined {
  if (piece.inputTextTokenCount == null) return undefined;
  const reader = new CountReader();
  const usage: Usage = { inputTokens: reader.required(piece, 'inputTextTokenCount'), outputTokens: 0 };
  for (const result of list(piece.results)) usage.outputTokens += reader.required(result, 'tokenCount');
  // The first event of a stream has the count of the input, and a later one that of the output.
  if (piece.outputText !== undefined) usage.outputTokens += reader.required(piece, 'totalOutputTextTokenCount');
  return report(reader, usage);
}

function concluded(seen: Seen, request: RequestFacts): ResponseFacts {
  seen.responseId ??= request.answered?.responseId;
  return conclude({ ...seen, report: seen.report ?? usageOfHeaders(request.answered) }, request);
}

/** POST …/language-model of Vercel's AI Gateway: the calls of `ai` in its own words (versions 2 to 4), for any maker's model. */
import type { UsageBound } from '../../src/domain/usage.ts';
import {
  ASSUMED_SEARCHES,
  addAudio,
  addFile,
  addImage,
  inputBound,
  inputEstimate,
  type Media,
  noMedia,
} from './bound.ts';
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { lowered, tokensPerImage } from './openai.ts';
import { addTexts, defined, isObject, type Json, limit, list, name } from './read.ts';
import { denial, modelAfter, renamedAfter } from './vercel.ts';
import { response, stream } from './vercel-answer.ts';

const END = '/language-model/';

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  const model = modelAfter(END, path);
  if (!isObject(body) || !Array.isArray(body.prompt) || model === undefined) return undefined;
  const options = isObject(body.providerOptions) ? body.providerOptions : {};
  const { media, hosted } = contentOf(body);
  // What a maker's own options name (an earlier answer, a cache) is read without being in the request.
  if (hosted || refers(options)) media.unseen = true;
  const bound: UsageBound = {
    ...inputBound(bodyBytes, media, tokensPerImage(model)),
    outputTokens: outputLimit(body, options, model),
    webSearches: hosted ? ASSUMED_SEARCHES : undefined,
    serviceTier: isObject(options.openai) ? name(options.openai.serviceTier) : undefined,
  };
  return {
    model,
    // A header tells; of the body, only that of a stream has this.
    stream: body.includeRawChunks !== undefined,
    bound: defined(bound),
    estimatedInputTokens: inputEstimate(bodyBytes, media, bound),
  };
}

/** Anthropic's thoughts come on top of the limit; where their budget is not told, the model's maximum applies. */
function outputLimit(body: Json, options: Json, model: string): number | undefined {
  const most = limit(body.maxOutputTokens);
  const anthropic = isObject(options.anthropic) ? options.anthropic : {};
  const thinking = isObject(anthropic.thinking) ? anthropic.thinking : undefined;
  const thinks = thinking
    ? thinking.type !== 'disabled'
    : body.reasoning !== undefined && /anthropic|claude/.test(model);
  if (most === undefined || !thinks) return most;
  const budget = limit(thinking?.budgetTokens);
  return budget === undefined ? undefined : most + budget;
}

function contentOf(body: Json): { media: Media; hosted: boolean } {
  const media = noMedia();
  for (const message of list(body.prompt)) {
    if (isObject(message)) for (const part of list(message.content)) if (isObject(part)) addPart(media, part);
  }
  // Tools that the maker runs; all others are the application's.
  const hosted = list(body.tools).some((tool) => isObject(tool) && tool.type !== 'function');
  return { media, hosted };
}

function addPart(media: Media, part: Json): void {
  if (part.type === 'file' || part.type === 'reasoning-file') addData(media, part);
  const output = isObject(part.output) ? part.output : {};
  for (const inner of list(output.value)) if (isObject(inner)) addResult(media, inner);
}

/** A tool's result may be made of parts, which have been named in three ways. */
function addResult(media: Media, part: Json): void {
  if (typeof part.type === 'string' && /^(?:file|image|media)/.test(part.type)) addData(media, part);
}

/** Base64 or an address, as it stands or in an object; what is only referred to is unseen. */
function addData(media: Media, part: Json): void {
  const { data = part.url } = part;
  const source = isObject(data) ? (data.data ?? data.url) : data;
  const type = typeof part.mediaType === 'string' ? part.mediaType : String(part.type);
  if (source === undefined) media.unseen = true;
  if (type.startsWith('image')) addImage(media, source);
  else if (type.startsWith('audio')) addAudio(media, source);
  else addFile(media, source);
}

function refers(options: Json): boolean {
  const { openai, google, vertex } = options;
  if (isObject(openai) && (openai.previousResponseId !== undefined || openai.conversation !== undefined)) return true;
  return [google, vertex].some((own) => isObject(own) && own.cachedContent !== undefined);
}

function rewrite(body: object, { maxOutputTokens }: Rewrite): object {
  const next: Json = { ...body };
  if (maxOutputTokens !== undefined) next.maxOutputTokens = lowered(next.maxOutputTokens, maxOutputTokens);
  return next;
}

function texts(body: Json): string[] {
  const found: string[] = [];
  for (const message of list(body.prompt)) if (isObject(message)) addTexts(found, message.content);
  return found;
}

export const vercelLanguage: Format = {
  id: 'vercel-language',
  operation: 'chat',
  provider: 'vercel',
  lastSegments: ['language-model'],
  modelHeader: 'ai-language-model-id',
  matches: (method, path) => method === 'POST' && path.endsWith('/language-model'),
  request,
  texts: (body) => texts(body as Json),
  rewrite,
  rewritePath: (path, rewrite) => renamedAfter(END, path, rewrite),
  denial,
  retries429: true,
  response,
  stream,
};

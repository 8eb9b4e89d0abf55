/** POST …/audio/speech: a text read aloud. The answer is a sound, which tells no usage, or a stream of events, which does. */
import type { Usage, UsageBound } from '../../src/domain/usage.ts';
import { inputBound, noMedia } from './bound.ts';
import type { Format, RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { deploymentRenamed, modelOf } from './openai.ts';
import {
  CountReader,
  conclude,
  ESTIMATE_BYTES_PER_TOKEN,
  errorOf,
  isObject,
  report,
  type Seen,
  textBytes,
  type UsageReport,
} from './read.ts';
import { renamed } from './whole.ts';

/** Billed by the character: tts-1, tts-1-hd, and their names on Azure. The others by the token. */
const BY_CHARACTER = /(?:^|\/)tts(?:-|$)/;

/**
 * Sound for one byte of text. OpenAI reckons a minute of it at 1,250 tokens, and 900 letters are read in a minute; 300 of a
 * script with three bytes to a sign.
 */
const SOUND_TOKENS_PER_BYTE = 1.4;

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body) || typeof body.input !== 'string') return undefined;
  const model = modelOf(body, path);
  const facts = { model, stream: body.stream_format === 'sse' };
  if (BY_CHARACTER.test(model)) {
    const bound: UsageBound = { inputTokens: 0, outputTokens: 0, inputCharacters: charactersIn(body.input) };
    return { ...facts, bound, estimatedInputTokens: 0 };
  }
  const { inputTokens } = inputBound(bodyBytes, noMedia(), 0);
  const text = textBytes(body.input) + textBytes(body.instructions);
  const sound = Math.ceil(textBytes(body.input) * SOUND_TOKENS_PER_BYTE);
  return {
    ...facts,
    bound: { inputTokens },
    estimatedInputTokens: Math.ceil(text / ESTIMATE_BYTES_PER_TOKEN),
    estimate: { outputTokens: sound, outputAudioTokens: sound },
  };
}

/** As people count them: a sign beyond the basic plane is one. */
function charactersIn(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xdc00 || unit > 0xdfff) count += 1;
  }
  return count;
}

/** A sound, of which nothing is read: what is billed by the character is known, the rest is reckoned from the text. */
function opaque(_bytes: number, { bound, ...request }: RequestFacts): ResponseFacts {
  if (bound.inputCharacters !== undefined)
    return { usage: { inputTokens: 0, outputTokens: 0, inputCharacters: bound.inputCharacters } };
  return conclude({ outputBytes: 0, known: request.estimate }, { bound, ...request });
}

function usageOf(source: unknown): UsageReport | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) return { invalid: 'usage is no object' };
  const reader = new CountReader();
  const outputTokens = reader.required(source, 'output_tokens');
  const usage: Usage = {
    inputTokens: reader.required(source, 'input_tokens'),
    outputTokens,
    outputAudioTokens: outputTokens || undefined,
  };
  return report(reader, usage);
}

function take(seen: Seen, event: unknown): void {
  if (!isObject(event)) return;
  seen.error ??= errorOf(event.error);
  const next = usageOf(event.usage);
  if (next) seen.report = next;
  if (event.type === 'speech.audio.done') seen.finishReasons = ['done'];
}

function facts(seen: Seen, request: RequestFacts): ResponseFacts {
  if (!seen.report && seen.error === undefined) return { ...opaque(0, request), ...ended(seen) };
  return conclude(seen, request);
}

function ended({ finishReasons }: Seen): ResponseFacts {
  return finishReasons ? { finishReasons } : {};
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  take(seen, body);
  return facts(seen, request);
}

function stream(request: RequestFacts): StreamReader {
  const seen: Seen = { outputBytes: 0 };
  return { push: (event) => take(seen, event), facts: () => facts({ ...seen }, request) };
}

export const openaiSpeech: Format = {
  id: 'openai-speech',
  operation: 'speech',
  provider: 'openai',
  lastSegments: ['speech'],
  matches: (method, path) => method === 'POST' && path.endsWith('/audio/speech'),
  request,
  rewrite: renamed,
  rewritePath: deploymentRenamed,
  opaque,
  response,
  stream,
};

/** POST …/audio/transcriptions and …/audio/translations: forms with a recording in, text out. Billed by the second or the token. */
import type { Usage, UsageBound } from '../../src/domain/usage.ts';
import { FRAMING_TOKENS } from './bound.ts';
import { type FormFile, filesOf, isUnseen, isYes } from './form.ts';
import type { Format, RequestFacts, ResponseFacts, StreamReader } from './format.ts';
import { deploymentRenamed, modelOf } from './openai.ts';
import {
  CountReader,
  conclude,
  errorOf,
  isObject,
  type Json,
  report,
  type Seen,
  textBytes,
  type UsageReport,
} from './read.ts';
import { renamed } from './whole.ts';

/** Billed by the second, whoever serves it; the others by the token. */
const BY_SECOND = /whisper/i;

/** OpenAI takes no larger file, and its token-billed models no longer recording. */
const MAX_FILE_BYTES = 25 * 1024 * 1024;
const MAX_SECONDS: readonly (readonly [RegExp, number])[] = [[/gpt-4o(?:-mini)?-transcribe/, 1_500]];

const TOKENS_PER_SECOND = 10;

type Recording = Pick<FormFile, 'bytes' | 'kind'>;

/**
 * Bytes of a second of speech: the least that it can have, and what is usual. Wave files have a fixed rate (telephone
 * GSM, and 16 bits at 16 kHz), MP3 no rate below 8 kbit/s; Opus and the like go down to 4 kbit/s as long as somebody speaks.
 */
const RATES: readonly (readonly [kind: RegExp, least: number, usual: number])[] = [
  [/wav/, 1_600, 32_000],
  [/mp3|mpga|mpeg/, 1_000, 8_000],
  [/flac/, 500, 16_000],
  [/(?:)/, 500, 4_000],
];

/** A file that is sent as it is read. */
const UNKNOWN: Recording = { kind: '' };

function secondsOf({ bytes, kind }: Recording): { most: number; usual: number } {
  const [, least, usual] = RATES.find(([pattern]) => pattern.test(kind))!;
  const most = Math.ceil((bytes ?? MAX_FILE_BYTES) / least);
  return { most, usual: bytes === undefined ? 60 : Math.ceil(bytes / usual) };
}

function request(body: unknown, bodyBytes: number, path?: string): RequestFacts | undefined {
  if (!isObject(body)) return undefined;
  const model = modelOf(body, path);
  const recording = filesOf(body.file)[0] ?? UNKNOWN;
  const { most, usual } = secondsOf(recording);
  const stream = isYes(body.stream);
  if (BY_SECOND.test(model)) {
    const bound: UsageBound = { inputTokens: 0, outputTokens: 0, inputAudioSeconds: most };
    return { model, stream, bound, estimatedInputTokens: 0, estimate: { inputAudioSeconds: usual } };
  }
  const longest = MAX_SECONDS.find(([pattern]) => pattern.test(model))?.[1] ?? most;
  const text = bodyBytes - (recording.bytes ?? 0);
  const audio = Math.min(usual, longest) * TOKENS_PER_SECOND;
  return {
    model,
    stream,
    bound: { inputTokens: Math.min(most, longest) * TOKENS_PER_SECOND + Math.max(text, 0) + FRAMING_TOKENS },
    estimatedInputTokens: audio,
    estimate: { inputAudioTokens: audio },
  };
}

function usageOf(answer: Json): UsageReport | undefined {
  const source = answer.usage;
  if (source === undefined || source === null) return bySecond(answer.duration, 'duration');
  if (!isObject(source)) return { invalid: 'usage is no object' };
  if (source.type === 'duration' || source.seconds !== undefined)
    return bySecond(source.seconds, 'usage.seconds') ?? { invalid: 'usage.seconds is missing' };
  const reader = new CountReader();
  const usage: Usage = {
    inputTokens: reader.required(source, 'input_tokens'),
    outputTokens: reader.required(source, 'output_tokens'),
    inputAudioTokens: reader.optional(source.input_token_details, 'audio_tokens'),
  };
  return report(reader, usage);
}

const MAX_RECORDING_SECONDS = 1_000_000;

/** Older answers write it as text. A second that has begun is a second. */
function bySecond(value: unknown, name: string): UsageReport | undefined {
  if (value === undefined || value === null) return undefined;
  const seconds = typeof value === 'string' && /^\d{1,7}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= MAX_RECORDING_SECONDS))
    return { invalid: `${name} is ${typeof seconds === 'number' ? seconds : `no number (${typeof seconds})`}` };
  return { usage: { inputTokens: 0, outputTokens: 0, inputAudioSeconds: Math.ceil(seconds) } };
}

function isBySecond(next: UsageReport): boolean {
  return 'usage' in next && next.usage.inputAudioSeconds !== undefined;
}

interface Heard extends Seen {
  textBytes: number;
}

function take(seen: Heard, answer: unknown): void {
  if (!isObject(answer)) return;
  seen.error ??= errorOf(answer.error);
  if (answer.type === 'transcript.text.delta') seen.textBytes += textBytes(answer.delta);
  else seen.textBytes = Math.max(seen.textBytes, textBytes(answer.text));
  const next = usageOf(answer);
  if (next) seen.report = next;
  if (answer.type === 'transcript.text.done') seen.finishReasons = ['done'];
}

/** Text is output where tokens are billed, and nothing where seconds are. */
function facts({ textBytes: bytes, ...seen }: Heard, request: RequestFacts): ResponseFacts {
  const { report: told } = seen;
  const inSeconds = told && 'usage' in told ? isBySecond(told) : request.bound.inputAudioSeconds !== undefined;
  const known = seen.error === undefined ? request.estimate : undefined;
  return conclude({ ...seen, known, outputBytes: inSeconds ? 0 : bytes }, request);
}

function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Heard = { outputBytes: 0, textBytes: 0 };
  take(seen, body);
  return facts(seen, request);
}

function stream(request: RequestFacts): StreamReader {
  const seen: Heard = { outputBytes: 0, textBytes: 0 };
  return { push: (event) => take(seen, event), facts: () => facts({ ...seen }, request) };
}

export const openaiTranscriptions: Format = {
  id: 'openai-transcriptions',
  operation: 'transcription',
  provider: 'openai',
  lastSegments: ['transcriptions', 'translations'],
  matches: (method, path) => method === 'POST' && /\/audio\/(?:transcriptions|translations)$/.test(path),
  request,
  form: true,
  canRewrite: (body) => !isUnseen(body as Json),
  rewrite: renamed,
  rewritePath: deploymentRenamed,
  // Plain text and subtitles.
  opaque: (bytes, request) => facts({ outputBytes: 0, textBytes: bytes }, request),
  response,
  stream,
};

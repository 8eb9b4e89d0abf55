/** What the stand-in for the providers answers to Google's SDK: the Gemini API and Vertex AI. */
import { CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider.ts';

export interface GoogleAnswer {
  json?: unknown;
  /** A stream, written piece by piece. */
  pieces?: readonly string[];
  type?: string;
}

const THOUGHTS = 4;

/** Counts so far: Google sends them with every chunk, and zeros not at all. */
function usage(written: number): object {
  return {
    promptTokenCount: INPUT_TOKENS,
    cachedContentTokenCount: CACHED_TOKENS,
    ...(written > 0 && { candidatesTokenCount: written }),
    thoughtsTokenCount: THOUGHTS,
    totalTokenCount: INPUT_TOKENS + written + THOUGHTS,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: INPUT_TOKENS }],
  };
}

/** Undefined: the request is not Google's. */
export function googleAnswer(url: string, body: Record<string, unknown>): GoogleAnswer | undefined {
  const { pathname, searchParams } = new URL(url, 'http://provider');
  if (pathname.endsWith('/interactions')) return interaction(body);
  const [, model, verb] = /(?:models|endpoints)\/([^/]+):([A-Za-z]+)$/.exec(pathname) ?? [];
  switch (verb) {
    case 'generateContent':
      return { json: whole(model, body) };
    case 'streamGenerateContent':
      return searchParams.get('alt') === 'sse' ? { pieces: events(model, body) } : array(model, body);
    case 'countTokens':
      return { json: { totalTokens: INPUT_TOKENS } };
    case 'embedContent':
    case 'batchEmbedContents':
      return { json: { ...embeddings(body), usageMetadata: { promptTokenCount: INPUT_TOKENS } } };
    case 'predict':
      return { json: model?.startsWith('imagen') ? pictures(body) : prediction() };
    default:
      return undefined;
  }
}

function interaction({ model, stream }: Record<string, unknown>): GoogleAnswer {
  const about = { id: 'v1_1', object: 'interaction', model };
  const usage = {
    total_input_tokens: INPUT_TOKENS,
    total_cached_tokens: CACHED_TOKENS,
    total_output_tokens: OUTPUT_TOKENS - THOUGHTS,
    total_thought_tokens: THOUGHTS,
    total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  };
  const step = { type: 'model_output', content: [{ type: 'text', text: WORDS.join(' ') }] };
  if (stream !== true) return { json: { ...about, status: 'completed', steps: [step], usage } };
  const event = (event_type: string, rest: object): string =>
    `event: ${event_type}\ndata: ${JSON.stringify({ event_type, ...rest })}\n\n`;
  const pieces = [
    event('interaction.created', { interaction: { ...about, status: 'in_progress' } }),
    event('step.start', { index: 0, step: { type: 'model_output', content: [] } }),
    ...WORDS.map((text) => event('step.delta', { index: 0, delta: { type: 'text', text: `${text} ` } })),
    event('step.stop', { index: 0 }),
    event('interaction.completed', { interaction: { ...about, status: 'completed', usage } }),
  ];
  return { pieces };
}

/** One of a single content, and one of each request. */
function embeddings({ requests }: Record<string, unknown>): object {
  const embedding = { values: [1, 2] };
  return Array.isArray(requests)
    ? { embeddings: requests.map(() => embedding) }
    : { embedding, embeddings: [embedding] };
}

function prediction(): object {
  return { predictions: [{ embeddings: { values: [1, 2], statistics: { token_count: INPUT_TOKENS } } }] };
}

const FILTERED = { raiFilteredReason: 'Unable to show generated images. You will not be charged for blocked images.' };

/** As many as were asked for, unless the prompt asks for filtered ones; whoever does not ask why hears nothing of them. */
function pictures({ instances, parameters }: Record<string, unknown>): object {
  const { prompt = '' } = (instances as { prompt?: string }[])[0] ?? {};
  if (prompt === 'all filtered') return {};
  const { sampleCount = 4 } = (parameters ?? {}) as { sampleCount?: number };
  const picture = { mimeType: 'image/png', bytesBase64Encoded: 'iVBORw0KGgo=' };
  const last = prompt === 'one filtered' ? FILTERED : picture;
  return { predictions: [...Array.from({ length: sampleCount - 1 }, () => picture), last] };
}

function answer(model: string | undefined, parts: object[], written: number, finishReason?: string): object {
  const candidate = { content: { role: 'model', parts }, index: 0, ...(finishReason && { finishReason }) };
  return { candidates: [candidate], usageMetadata: usage(written), modelVersion: model, responseId: 'resp_google' };
}

/** Calls the function that it was offered, until it sees the answer of one. */
function callPart({ tools, contents }: Record<string, unknown>): object | undefined {
  if (tools === undefined || JSON.stringify(contents).includes('functionResponse')) return undefined;
  return { functionCall: { name: 'weather', args: { city: 'Bonn' } } };
}

function whole(model: string | undefined, body: Record<string, unknown>): object {
  const { responseMimeType } = (body.generationConfig ?? {}) as { responseMimeType?: string };
  const text = responseMimeType === 'application/json' ? '{"answer":42}' : WORDS.join(' ');
  return answer(model, [callPart(body) ?? { text }], OUTPUT_TOKENS - THOUGHTS, 'STOP');
}

function chunks(model: string | undefined, body: Record<string, unknown>): object[] {
  const call = callPart(body);
  if (call) return [answer(model, [call], OUTPUT_TOKENS - THOUGHTS, 'STOP')];
  const last = WORDS.length - 1;
  return WORDS.map((word, index) =>
    answer(model, [{ text: `${word} ` }], index + 1, index === last ? 'STOP' : undefined),
  );
}

function events(model: string | undefined, body: Record<string, unknown>): string[] {
  return chunks(model, body).map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
}

function array(model: string | undefined, body: Record<string, unknown>): GoogleAnswer {
  const pieces = chunks(model, body).map(
    (chunk, index) => `${index === 0 ? '[' : '\n,\r\n'}${JSON.stringify(chunk, null, 2)}`,
  );
  return { pieces: [...pieces, '\n]'], type: 'application/json; charset=UTF-8' };
}

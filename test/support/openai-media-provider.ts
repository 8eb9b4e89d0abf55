/** What the stand-in for the providers answers to OpenAI's SDK beyond chats: texts to continue, pictures, speech, recordings. */
import { INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider-counts.ts';

export interface MediaAnswer {
  json?: unknown;
  /** A stream, or a body that is no JSON, written piece by piece. */
  pieces?: readonly string[];
  type?: string;
}

type Body = Record<string, unknown>;

const text = (): string => WORDS.join(' ');
const SECONDS = 9;

/** The fields of a form: texts, and of files how large they are and what they are called. */
export async function readForm(bytes: Buffer, type: string): Promise<Body> {
  const form = await new Response(Uint8Array.from(bytes), { headers: { 'content-type': type } }).formData();
  const fields = [...form.entries()].map(([key, value]) => [
    key,
    typeof value === 'string' ? value : { bytes: value.size, name: value.name, type: value.type },
  ]);
  return Object.fromEntries(fields) as Body;
}

/** Undefined: the request is none of these. */
export function mediaAnswer(path: string, body: Body): MediaAnswer | undefined {
  if (/(?<!\/(?:chat|fim|agents))\/completions$/.test(path)) return completion(body);
  if (/\/images\/\w+$/.test(path)) return pictures(path, body);
  if (path.endsWith('/audio/speech')) return speech(body);
  if (/\/audio\/(?:transcriptions|translations)$/.test(path)) return transcript(path, body);
  if (path.includes('/batches') && !path.includes('/messages/')) return { json: batches(path, body) };
  if (path.endsWith('/moderations')) return { json: { id: 'modr-1', model: body.model, results: [] } };
  if (path.endsWith('/files')) return { json: { id: 'file-1', object: 'file', bytes: 1, purpose: body.purpose } };
  return undefined;
}

/** Only what is done tells what it came to. */
function batches(path: string, body: Body): object {
  const batch = (id: string, status: string) => ({
    id,
    object: 'batch',
    endpoint: '/v1/chat/completions',
    status,
    created_at: Math.floor(Date.now() / 86_400_000) * 86_400,
    model: 'gpt-4.1-mini',
    usage: {
      input_tokens: status === 'completed' ? INPUT_TOKENS : 7,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: status === 'completed' ? OUTPUT_TOKENS : 1,
      output_tokens_details: { reasoning_tokens: 0 },
    },
  });
  if (body.input_file_id !== undefined) return batch(`batch_${body.input_file_id}`, 'validating');
  const id = path.slice(path.lastIndexOf('/') + 1);
  if (id !== 'batches') return batch(id, id.endsWith('running') ? 'in_progress' : 'completed');
  const data = [
    batch('batch_first', 'completed'),
    batch('batch_running', 'in_progress'),
    batch('batch_last', 'completed'),
  ];
  return { object: 'list', data, has_more: false, first_id: 'batch_first', last_id: 'batch_last' };
}

const sse = (value: object, type?: string): string =>
  `${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(type === undefined ? value : { type, ...value })}\n\n`;

function completion({ model, stream, stream_options }: Body): MediaAnswer {
  const piece = (choices: unknown[], more: object = {}) => ({
    id: 'cmpl-1',
    object: 'text_completion',
    model,
    choices,
    ...more,
  });
  const choice = (text: string, finish_reason: string | null) => ({ index: 0, text, logprobs: null, finish_reason });
  const usage = {
    prompt_tokens: INPUT_TOKENS,
    completion_tokens: OUTPUT_TOKENS,
    total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  };
  if (stream !== true) return { json: piece([choice(text(), 'stop')], { usage }) };
  const isAsked = (stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
  const none = isAsked ? { usage: null } : {};
  const pieces = WORDS.map((word) => sse(piece([choice(`${word} `, null)], none)));
  pieces.push(sse(piece([choice('', 'stop')], none)));
  if (isAsked) pieces.push(sse(piece([], { usage })));
  return { pieces: [...pieces, 'data: [DONE]\n\n'] };
}

function pictures(path: string, body: Body): MediaAnswer {
  if (String(body.model).startsWith('dall-e'))
    return { json: { created: 1, data: [{ url: 'https://example.com/1' }] } };
  const usage = {
    input_tokens: INPUT_TOKENS,
    input_tokens_details: { image_tokens: 8, text_tokens: INPUT_TOKENS - 8 },
    output_tokens: OUTPUT_TOKENS,
    total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  };
  if (body.stream !== true && body.stream !== 'true')
    return { json: { created: 1, data: [{ b64_json: 'iVBO' }], usage } };
  const kind = path.endsWith('/edits') ? 'image_edit' : 'image_generation';
  const partial = [0, 1, 2, 3].map((index) =>
    sse({ b64_json: 'iVBO', partial_image_index: index }, `${kind}.partial_image`),
  );
  return { pieces: [...partial, sse({ b64_json: 'iVBO', usage }, `${kind}.completed`)] };
}

function speech(body: Body): MediaAnswer {
  if (body.stream_format !== 'sse') return { pieces: WORDS.map((word) => `ID3${word}`), type: 'audio/mpeg' };
  const usage = {
    input_tokens: INPUT_TOKENS,
    output_tokens: OUTPUT_TOKENS,
    total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  };
  return {
    pieces: [...WORDS.map(() => sse({ audio: 'SUQz' }, 'speech.audio.delta')), sse({ usage }, 'speech.audio.done')],
  };
}

function transcript(path: string, body: Body): MediaAnswer {
  const bySecond = String(body.model).startsWith('whisper');
  const tokens = {
    type: 'tokens',
    input_tokens: INPUT_TOKENS,
    input_token_details: { text_tokens: 4, audio_tokens: INPUT_TOKENS - 4 },
    output_tokens: OUTPUT_TOKENS,
    total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  };
  const usage = bySecond ? { type: 'duration', seconds: SECONDS } : tokens;
  if (body.stream === 'true') {
    const deltas = WORDS.map((word) => sse({ delta: `${word} ` }, 'transcript.text.delta'));
    return { pieces: [...deltas, sse({ text: text(), usage }, 'transcript.text.done')] };
  }
  if (body.response_format === 'text') return { pieces: [`${text()}\n`], type: 'text/plain; charset=utf-8' };
  if (body.response_format === 'verbose_json')
    return { json: { task: 'translate', language: 'german', duration: SECONDS - 0.5, text: text() } };
  return { json: path.endsWith('/translations') ? { text: text() } : { text: text(), usage } };
}

/** What the stand-in for the providers answers to Anthropic's SDKs: its own API, and Claude on Vertex AI. */
import { CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider.ts';

export interface AnthropicAnswer {
  json?: unknown;
  /** A stream, written piece by piece. */
  pieces?: readonly string[];
  type?: string;
}

type Body = Record<string, unknown>;

/** Anthropic's own `input_tokens` leaves cached reads out. */
const usage = (output_tokens: number): object => ({
  input_tokens: INPUT_TOKENS - CACHED_TOKENS,
  cache_read_input_tokens: CACHED_TOKENS,
  cache_creation_input_tokens: 0,
  output_tokens,
});

/** Undefined: the request is not Anthropic's. */
export function anthropicAnswer(path: string, body: Body, host = ''): AnthropicAnswer | undefined {
  if (path.includes('/v1/messages/batches')) return batches(path, body, host);
  const vertex = /\/publishers\/anthropic\/models\/([^/:]+):(?:streamR|r)awPredict$/.exec(path);
  if (vertex?.[1] === 'count-tokens' || path.endsWith('/messages/count_tokens'))
    return { json: { input_tokens: INPUT_TOKENS } };
  if (path.endsWith('/v1/complete')) return complete(body);
  if (!vertex && !path.endsWith('/messages')) return undefined;
  const model = vertex ? decodeURIComponent(vertex[1] ?? '') : body.model;
  return body.stream === true ? { pieces: events(model, body) } : { json: message(model, body) };
}

const event = (type: string, rest: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;

/** A batch is called by what its messages are called: `one.two` has two of them, of which one that is called `bad` fails. */
function batches(path: string, { requests }: Body, host: string): AnthropicAnswer {
  const named = (requests as { custom_id: string }[] | undefined)?.map(({ custom_id }) => custom_id).join('.');
  const name = named ?? /msgbatch_([^/]+)/.exec(path)?.[1] ?? '';
  if (path.endsWith('/results')) return { pieces: name.split('.').map(resultOf), type: 'application/x-jsonl' };
  const id = `msgbatch_${name}`;
  const results_url = named ? null : `http://${host}/v1/messages/batches/${id}/results`;
  return { json: { id, type: 'message_batch', processing_status: named ? 'in_progress' : 'ended', results_url } };
}

function resultOf(custom_id: string): string {
  const good = { type: 'succeeded', message: message('claude-haiku-4-5', {}) };
  const bad = { type: 'errored', error: { type: 'error', error: { type: 'invalid_request', message: 'bad' } } };
  return `${JSON.stringify({ custom_id, result: custom_id === 'bad' ? bad : good })}\n`;
}

/** Legacy: no counts at all. */
function complete({ model, stream }: Body): AnthropicAnswer {
  const piece = (completion: string, stop_reason: string | null) => ({ id: 'compl_1', model, completion, stop_reason });
  if (stream !== true) return { json: { type: 'completion', ...piece(WORDS.join(' '), 'stop_sequence'), stop: null } };
  const pieces = WORDS.map((word) => event('completion', { ...piece(`${word} `, null), stop: null }));
  return { pieces: [...pieces, event('completion', { ...piece('', 'stop_sequence'), stop: '\n\nHuman:' })] };
}

/** Calls the first tool that it was offered, until it sees a tool's answer. */
function toolOf({ tools, messages, tool_choice: choice }: Body): string | undefined {
  const offered = (tools as { name: string }[] | undefined)?.[0]?.name;
  if ((choice as { type?: string } | undefined)?.type === 'none') return undefined;
  return JSON.stringify(messages ?? []).includes('tool_result') ? undefined : offered;
}

function textOf(body: Body): string {
  return body.output_config === undefined && body.output_format === undefined ? WORDS.join(' ') : '{"answer":42}';
}

function message(model: unknown, body: Body): object {
  const tool = toolOf(body);
  const text = { type: 'text', text: textOf(body) };
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [tool ? { type: 'tool_use', id: 'toolu_1', name: tool, input: { city: 'Bonn', answer: 42 } } : text],
    stop_reason: tool ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { ...usage(OUTPUT_TOKENS), service_tier: 'standard' },
  };
}

function events(model: unknown, body: Body): string[] {
  const start = { ...message(model, body), content: [], stop_reason: null, usage: usage(1) };
  const tool = toolOf(body);
  return [
    event('message_start', { message: start }),
    ...(tool ? toolEvents(tool) : textEvents(textOf(body))),
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: tool ? 'tool_use' : 'end_turn', stop_sequence: null },
      usage: { output_tokens: OUTPUT_TOKENS },
    }),
    event('message_stop', {}),
  ];
}

function toolEvents(name: string): string[] {
  const block = { type: 'tool_use', id: 'toolu_1', name, input: {} };
  const pieces = ['', '{"city":', '"Bonn","ans', 'wer":42}'];
  return [
    event('content_block_start', { index: 0, content_block: block }),
    ...pieces.map((partial_json) =>
      event('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json } }),
    ),
  ];
}

function textEvents(text: string): string[] {
  const words = text.split(/(?<= )/);
  return [
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('ping', {}),
    ...words.map((word) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: word } })),
  ];
}

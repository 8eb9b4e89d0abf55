/** What the stand-in for the providers answers to OpenAI's Responses API. */
import { CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider.ts';

type Body = Record<string, unknown>;

export function openaiResponse(body: Body, status: 'completed' | 'in_progress' = 'completed'): object {
  const completed = status === 'completed';
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_790_000_000,
    status,
    model: body.model,
    output: completed ? [call(body) ?? message([{ type: 'output_text', text: text(body), annotations: [] }])] : [],
    usage: completed ? usage() : null,
  };
}

export function responseEvents(body: Body): string[] {
  let sequence = 0;
  const event = (type: string, rest: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...rest })}\n\n`;
  const called = call(body);
  const output = called ? callEvents(called, event) : textEvents(event);
  const created = event('response.created', { response: openaiResponse(body, 'in_progress') });
  return [created, ...output, event('response.completed', { response: openaiResponse(body) })];
}

type WriteEvent = (type: string, rest: object) => string;

function textEvents(event: WriteEvent): string[] {
  const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [] };
  return [
    event('response.output_item.added', { output_index: 0, item: message([], 'in_progress') }),
    event('response.content_part.added', { ...at, part }),
    ...WORDS.map((word) => event('response.output_text.delta', { ...at, delta: `${word} `, logprobs: [] })),
  ];
}

function callEvents(item: FunctionCall, event: WriteEvent): string[] {
  const at = { item_id: item.id, output_index: 0 };
  return [
    event('response.output_item.added', { output_index: 0, item: { ...item, arguments: '', status: 'in_progress' } }),
    event('response.function_call_arguments.delta', { ...at, delta: item.arguments }),
    event('response.function_call_arguments.done', { ...at, arguments: item.arguments }),
    event('response.output_item.done', { output_index: 0, item }),
  ];
}

function usage(): object {
  return {
    input_tokens: INPUT_TOKENS,
    input_tokens_details: { cached_tokens: CACHED_TOKENS },
    output_tokens: OUTPUT_TOKENS,
    output_tokens_details: { reasoning_tokens: 4 },
    total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  };
}

function message(content: object[], status = 'completed'): object {
  return { type: 'message', id: 'msg_1', status, role: 'assistant', content };
}

interface FunctionCall {
  type: string;
  id: string;
  arguments: string;
}

/** Calls the first function that it was offered, until it sees the answer of one. */
function call({ tools, input }: Body): FunctionCall | undefined {
  const offered = (tools as { type: string; name: string }[] | undefined)?.find(({ type }) => type === 'function');
  if (!offered || JSON.stringify(input).includes('"function_call_output"')) return undefined;
  const { name } = offered;
  return {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_1',
    name,
    arguments: CITY,
    status: 'completed',
  } as FunctionCall;
}

const CITY = '{"city":"Bonn"}';

function text({ text: options }: Body): string {
  const format = (options as { format?: { type?: string } } | undefined)?.format?.type;
  return format?.startsWith('json') ? '{"answer":42}' : WORDS.join(' ');
}

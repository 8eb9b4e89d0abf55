/** The two wire formats in which the stand-in provider says the same answer. */

export interface Answer {
  id: string;
  model: string;
  uncachedTokens: number;
  cachedTokens: number;
  outputTokens: number;
  text: string;
}

export function openaiJson(answer: Answer): unknown {
  return {
    id: answer.id,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: answer.model,
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: answer.text } }],
    usage: openaiUsage(answer),
    service_tier: 'default',
  };
}

/** `includeUsage`: what `stream_options.include_usage` asks for. */
export function* openaiEvents(answer: Answer, includeUsage: boolean): Generator<string> {
  const common = { id: answer.id, object: 'chat.completion.chunk', created: Math.floor(Date.now() / 1000) };
  const chunk = (choices: unknown[], usage: unknown = null): string =>
    `data: ${JSON.stringify({ ...common, model: answer.model, choices, ...(includeUsage && { usage }) })}\n\n`;
  for (const content of words(answer)) yield chunk([{ index: 0, delta: { content }, finish_reason: null }]);
  yield chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  if (includeUsage) yield chunk([], openaiUsage(answer));
  yield 'data: [DONE]\n\n';
}

function openaiUsage(answer: Answer): unknown {
  const input = answer.uncachedTokens + answer.cachedTokens;
  return {
    prompt_tokens: input,
    completion_tokens: answer.outputTokens,
    total_tokens: input + answer.outputTokens,
    prompt_tokens_details: { cached_tokens: answer.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}

export function anthropicJson(answer: Answer): object {
  return {
    id: answer.id,
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content: [{ type: 'text', text: answer.text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { ...anthropicInput(answer), output_tokens: answer.outputTokens, service_tier: 'standard' },
  };
}

export function* anthropicEvents(answer: Answer): Generator<string> {
  const event = (type: string, rest: object = {}): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  const begun = { content: [], stop_reason: null, usage: { ...anthropicInput(answer), output_tokens: 1 } };
  yield event('message_start', { message: { ...anthropicJson(answer), ...begun } });
  yield event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
  for (const text of words(answer))
    yield event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
  yield event('content_block_stop', { index: 0 });
  const delta = { stop_reason: 'end_turn', stop_sequence: null };
  yield event('message_delta', { delta, usage: { output_tokens: answer.outputTokens } });
  yield event('message_stop');
}

/** Anthropic's own `input_tokens` leaves cached reads out. */
function anthropicInput(answer: Answer): object {
  return {
    input_tokens: answer.uncachedTokens,
    cache_read_input_tokens: answer.cachedTokens,
    cache_creation_input_tokens: 0,
  };
}

function words({ text }: Answer): string[] {
  return text.split(/(?<= )/);
}

/** The two wire formats in which the stand-in provider says the same answer. */
import type { Answer } from './provider.ts';

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

export function* openaiEvents(answer: Answer, includeUsage: boolean): Generator<string> {
  const chunk = (choices: unknown[], usage?: unknown): string =>
    `data: ${JSON.stringify({
      id: answer.id,
      object: 'chat.completion.chunk',
      created: Math.floor(Date.now() / 1000),
      model: answer.model,
      choices,
      ...(includeUsage ? { usage: usage ?? null } : {}),
    })}\n\n`;
  for (const word of answer.text.split(' '))
    yield chunk([{ index: 0, delta: { content: `${word} ` }, finish_reason: null }]);
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

export function anthropicJson(answer: Answer): unknown {
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
  const event = (data: { type: string }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  const message = { ...(anthropicJson(answer) as object), content: [], stop_reason: null };
  yield event({
    type: 'message_start',
    message: { ...message, usage: { ...anthropicInput(answer), output_tokens: 1 } },
  } as { type: string });
  yield event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as { type: string });
  for (const word of answer.text.split(' ')) {
    yield event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: `${word} ` } } as {
      type: string;
    });
  }
  yield event({ type: 'content_block_stop', index: 0 } as { type: string });
  yield event({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: answer.outputTokens },
  } as { type: string });
  yield event({ type: 'message_stop' });
}

function anthropicInput(answer: Answer): object {
  return {
    input_tokens: answer.uncachedTokens,
    cache_read_input_tokens: answer.cachedTokens,
    cache_creation_input_tokens: 0,
  };
}

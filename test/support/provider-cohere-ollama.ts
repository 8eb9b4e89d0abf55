/** What the provider answers in the formats of Cohere and Ollama, with the same words and counts as in the others. */

export interface Counts {
  words: readonly string[];
  input: number;
  output: number;
}

type Body = Record<string, unknown>;

export function isCohere(path: string): boolean {
  return /\/v[12]\/(?:chat|embed|rerank)$/.test(path);
}

export function isOllama(path: string): boolean {
  return path.startsWith('/api/');
}

export function cohereJson(path: string, { words, input, output }: Counts): unknown {
  const meta = { api_version: { version: '2' }, billed_units: { input_tokens: input } };
  if (path.endsWith('/embed')) {
    return { id: 'e1', embeddings: { float: [[1, 2]] }, texts: ['hi'], meta, response_type: 'embeddings_by_type' };
  }
  if (path.endsWith('/rerank')) {
    return { id: 'k1', results: [{ index: 0, relevance_score: 0.5 }], meta: { billed_units: { search_units: 1 } } };
  }
  const counts = {
    billed_units: { input_tokens: input, output_tokens: output },
    tokens: { input_tokens: input + 500, output_tokens: output + 2 },
  };
  if (path.endsWith('/v1/chat')) {
    const text = words.join(' ');
    return { response_id: 'r1', generation_id: 'g1', text, finish_reason: 'COMPLETE', meta: counts };
  }
  const message = { role: 'assistant', content: [{ type: 'text', text: words.join(' ') }] };
  return { id: 'c1', finish_reason: 'COMPLETE', message, usage: counts };
}

/** Server-sent events of the second version, lines of JSON of the first. */
export function cohereEvents(path: string, counts: Counts): string[] {
  const whole = cohereJson(path, counts) as Body;
  if (path.endsWith('/v1/chat')) {
    return [
      { is_finished: false, event_type: 'stream-start', generation_id: 'g1' },
      ...counts.words.map((word) => ({ is_finished: false, event_type: 'text-generation', text: `${word} ` })),
      { is_finished: true, event_type: 'stream-end', finish_reason: 'COMPLETE', response: whole },
    ].map(line);
  }
  const event = (type: string, rest: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  const text = (value: string): object => ({ index: 0, delta: { message: { content: { text: value } } } });
  return [
    event('message-start', { id: 'c1', delta: { message: { role: 'assistant', content: [] } } }),
    event('content-start', { index: 0, delta: { message: { content: { type: 'text', text: '' } } } }),
    ...counts.words.map((word) => event('content-delta', text(`${word} `))),
    event('content-end', { index: 0 }),
    event('message-end', { delta: { finish_reason: 'COMPLETE', usage: whole.usage } }),
    'data: [DONE]\n\n',
  ];
}

const AT = '2026-11-20T09:12:31.417Z';

export function ollamaJson(path: string, { model }: Body, { words, input, output }: Counts): unknown {
  if (path.endsWith('/embed')) return { model, embeddings: [[1, 2]], prompt_eval_count: input };
  if (path.endsWith('/embeddings')) return { embedding: [1, 2] };
  return { ...part(path, model, words.join(' ')), ...end(input, output) };
}

export function ollamaLines(path: string, { model }: Body, { words, input, output }: Counts): string[] {
  const lines: object[] = words.map((word) => ({ ...part(path, model, `${word} `), done: false }));
  return [...lines, { ...part(path, model, ''), ...end(input, output) }].map(line);
}

function part(path: string, model: unknown, text: string): object {
  const said = path.endsWith('/chat') ? { message: { role: 'assistant', content: text } } : { response: text };
  return { model, created_at: AT, ...said };
}

function end(input: number, output: number): object {
  return { done: true, done_reason: 'stop', total_duration: 9, prompt_eval_count: input, eval_count: output };
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

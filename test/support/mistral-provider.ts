/** What the stand-in for the providers answers to Mistral's SDK, where that is no chat: conversations. */
import { INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider-counts.ts';

export interface MistralAnswer {
  json?: unknown;
  /** A stream, written piece by piece. */
  pieces?: readonly string[];
  type?: string;
}

type Body = Record<string, unknown>;

/** The model of its agents, and of conversations that go on. */
export const MISTRAL_AGENTS_MODEL = 'mistral-medium-latest';
const ID = 'conv_1';
const AT = '2026-11-20T09:12:31.417000Z';
/** What its tools brought in is billed as input. */
const CONNECTOR_TOKENS = 10;
const usage = {
  prompt_tokens: INPUT_TOKENS - CONNECTOR_TOKENS,
  completion_tokens: OUTPUT_TOKENS,
  total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  connector_tokens: CONNECTOR_TOKENS,
  connectors: { code_interpreter: 1 },
};

/** Undefined: the request is not one of these. */
export function mistralAnswer(path: string, body: Body): MistralAnswer | undefined {
  if (!/\/v1\/conversations(?:\/[^/]+(?:\/restart)?)?$/.test(path)) return undefined;
  const model = body.model ?? MISTRAL_AGENTS_MODEL;
  return body.stream === true ? { pieces: events(model) } : { json: whole(model) };
}

function whole(model: unknown): object {
  const entry = { object: 'entry', type: 'message.output', created_at: AT, completed_at: AT, id: 'msg_1' };
  const output = { ...entry, role: 'assistant', model, content: WORDS.join(' ') };
  return { object: 'conversation.response', conversation_id: ID, outputs: [output], usage };
}

function events(model: unknown): string[] {
  const event = (type: string, rest: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, created_at: AT, ...rest })}\n\n`;
  const delta = { output_index: 0, id: 'msg_1', content_index: 0, model, agent_id: null, role: 'assistant' };
  return [
    event('conversation.response.started', { conversation_id: ID }),
    ...WORDS.map((word) => event('message.output.delta', { ...delta, content: `${word} ` })),
    event('conversation.response.done', { usage }),
  ];
}

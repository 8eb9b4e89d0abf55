/**
 * POST …/agents/completions: a chat with an agent that stands at Mistral, with a model, instructions and tools of its own. Only the
 * answer names the model, so until then the agent stands for it: it is held at the ceiling, and settled as what was served.
 */
import type { Format, RequestFacts, Rewrite } from './format.ts';
import { openaiChat } from './openai-chat.ts';
import { response, stream } from './openai-chat-answer.ts';
import { isObject, name } from './read.ts';

function request(body: unknown, bodyBytes: number): RequestFacts | undefined {
  const agent = isObject(body) ? name(body.agent_id) : undefined;
  const facts = agent === undefined ? undefined : openaiChat.request({ ...(body as object), model: agent }, bodyBytes);
  if (!facts) return undefined;
  // Its instructions and tools are input, and nobody here has seen them.
  const { audio: _, ...bound } = facts.bound;
  return { ...facts, bound: { ...bound, unseenInput: true } };
}

/** An agent's model is its own affair. */
function rewrite(body: object, { maxOutputTokens }: Rewrite): object {
  return openaiChat.rewrite(body, maxOutputTokens === undefined ? {} : { maxOutputTokens });
}

export const mistralAgents: Format = {
  id: 'mistral-agents',
  operation: 'chat',
  provider: 'mistral',
  lastSegments: ['completions'],
  matches: (method, path) => method === 'POST' && path.endsWith('/agents/completions'),
  request,
  texts: (body) => openaiChat.texts?.(body) ?? [],
  rewrite,
  canRewrite: (_body, _path, { model }) => model === undefined,
  response,
  stream,
};

/** What Mistral has besides chats: agents and conversations whose model the request does not name, and code that is filled in. */
import { describe, expect, it } from 'vitest';
import { FRAMING_TOKENS } from '../../../instrumentations/formats/bound.ts';
import type { Format, Rewrite } from '../../../instrumentations/formats/format.ts';
import { mistralAgents } from '../../../instrumentations/formats/mistral-agents.ts';
import { mistralConversations } from '../../../instrumentations/formats/mistral-conversations.ts';
import { mistralFim } from '../../../instrumentations/formats/mistral-fim.ts';
import { bytes } from './recording.ts';

const messages = [{ role: 'user', content: 'hi' }];
const agent = { agent_id: 'ag_1', messages };
const fim = { model: 'codestral-latest', prompt: 'a', suffix: 'b' };
const started = { model: 'mistral-medium-latest', inputs: 'hi' };
const entry = (part: object, rest: object = {}) => ({
  ...started,
  inputs: [{ type: 'message.input', role: 'user', content: [part] }],
  ...rest,
});
const DATA = 'A'.repeat(4000);

describe('a rewrite', () => {
  const cases: [string, Format, object, Rewrite, object][] = [
    ['names another code model', mistralFim, fim, { model: 'b' }, { ...fim, model: 'b' }],
    ['limits what is filled in', mistralFim, fim, { maxOutputTokens: 50 }, { ...fim, max_tokens: 50 }],
    [
      'lowers the least of what is filled in along with the most',
      mistralFim,
      { ...fim, max_tokens: 900, min_tokens: 100 },
      { maxOutputTokens: 50 },
      { ...fim, max_tokens: 50, min_tokens: 50 },
    ],
    [
      'never raises either',
      mistralFim,
      { ...fim, max_tokens: 30, min_tokens: 10 },
      { maxOutputTokens: 50 },
      { ...fim, max_tokens: 30, min_tokens: 10 },
    ],
    ['limits an agent', mistralAgents, agent, { maxOutputTokens: 50 }, { ...agent, max_tokens: 50 }],
    [
      'names no model beside an agent',
      mistralAgents,
      { ...agent, max_tokens: 900 },
      { model: 'b', maxOutputTokens: 50 },
      { ...agent, max_tokens: 50 },
    ],
    [
      'changes the model that a conversation starts with, and limits it',
      mistralConversations,
      { ...started, completion_args: null },
      { model: 'b', maxOutputTokens: 50 },
      { ...started, model: 'b', completion_args: { max_tokens: 50 } },
    ],
    [
      'limits what goes on with a conversation, and keeps its other settings',
      mistralConversations,
      { inputs: 'hi', completion_args: { max_tokens: 900, temperature: 0 } },
      { model: 'b', maxOutputTokens: 50 },
      { inputs: 'hi', completion_args: { max_tokens: 50, temperature: 0 } },
    ],
    [
      'leaves the agent of a conversation',
      mistralConversations,
      { inputs: 'hi', agent_id: 'ag_1' },
      { model: 'b' },
      { inputs: 'hi', agent_id: 'ag_1' },
    ],
  ];

  it.each(cases)('%s', (_, format, body, rewrite, expected) => {
    const before = JSON.stringify(body);
    expect(format.rewrite(body, rewrite)).toEqual(expected);
    expect(JSON.stringify(body)).toBe(before);
  });

  it.each<[string, Format, object, Rewrite, boolean]>([
    ['of an agent to another model', mistralAgents, agent, { model: 'b', maxOutputTokens: 50 }, false],
    ['of an agent to less output', mistralAgents, agent, { maxOutputTokens: 50 }, true],
    ['of a conversation that starts with a model', mistralConversations, started, { model: 'b' }, true],
    [
      'of one that starts with an agent',
      mistralConversations,
      { inputs: 'hi', agent_id: 'ag_1' },
      { model: 'b' },
      false,
    ],
    ['of one that has both', mistralConversations, { ...started, agent_id: 'ag_1' }, { model: 'b' }, false],
    ['of one that goes on', mistralConversations, { inputs: 'hi' }, { model: 'b' }, false],
    ['of one that goes on, to less output', mistralConversations, { inputs: 'hi' }, { maxOutputTokens: 50 }, true],
  ])('%s: possible or not', (_, format, body, rewrite, possible) => {
    expect(format.canRewrite?.(body, '/v1/x', rewrite)).toBe(possible);
  });
});

describe('the bound', () => {
  // Tokens above (below) one per byte of the request and the framing.
  it.each<[string, Format, object, number, boolean]>([
    ['of code', mistralFim, fim, 0, false],
    ['of an agent, whose instructions nobody has seen', mistralAgents, agent, 0, true],
    ['of a text', mistralConversations, started, 0, false],
    ['of a thought', mistralConversations, entry({ type: 'thinking', thinking: [] }), 0, false],
    [
      'of an image inside, whose bytes do not count',
      mistralConversations,
      entry({ type: 'image_url', image_url: { url: `data:image/png;base64,${DATA}` } }),
      12_500 - 4022,
      false,
    ],
    ['of a document', mistralConversations, entry({ type: 'document_url', document_url: 'https://e.com/d' }), 0, true],
    ['of a file of a tool', mistralConversations, entry({ type: 'tool_file', file_id: 'f' }), 0, true],
    ['of a part that nobody knows', mistralConversations, entry({ type: 'hologram' }), 0, true],
    ['of a tool of the caller', mistralConversations, { ...started, tools: [{ type: 'function' }] }, 0, false],
    ['of a tool of theirs', mistralConversations, { ...started, tools: [{ type: 'document_library' }] }, 0, true],
    ['of what goes on', mistralConversations, { inputs: 'hi' }, 0, true],
    ['of a confirmed tool', mistralConversations, { tool_confirmations: [{ tool_call_id: 'c' }] }, 0, true],
  ])('%s', (_, format, body, allowance, unseen) => {
    const { inputTokens, unseenInput } = format.request(body, bytes(body))!.bound;
    expect(inputTokens - bytes(body) - FRAMING_TOKENS).toBe(allowance);
    expect(unseenInput).toBe(unseen ? true : undefined);
  });

  it('of several searching tools has the searches of each', () => {
    const tools = [{ type: 'web_search' }, { type: 'web_search_premium' }, { type: 'function' }];
    expect(mistralConversations.request({ ...started, tools }, 9)!.bound.webSearches).toBe(20);
  });
});

describe('the texts', () => {
  it.each<[Format, object, string[]]>([
    [mistralFim, fim, ['a', 'b']],
    [mistralFim, { ...fim, suffix: null }, ['a']],
    [mistralAgents, agent, ['hi']],
    [mistralConversations, { ...started, instructions: 'Be brief.' }, ['Be brief.', 'hi']],
    [mistralConversations, entry({ type: 'text', text: 'hi' }), ['hi']],
  ])('of $id', (format, body, expected) => {
    expect(format.texts?.(body)).toEqual(expected);
  });
});

describe('usage of a conversation that is garbage', () => {
  const request = { model: 'm', stream: false, bound: { inputTokens: 900 }, estimatedInputTokens: 300 };
  const counts = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

  it.each<[unknown, string]>([
    [[], 'usage is no object'],
    [{}, 'usage.completion_tokens is missing'],
    [{ ...counts, prompt_tokens: -1 }, 'usage.prompt_tokens is -1'],
    [{ ...counts, total_tokens: 1.5 }, 'usage.total_tokens is 1.5'],
    [{ ...counts, connector_tokens: 'many' }, 'usage.connector_tokens is no number (string)'],
    [{ ...counts, connectors: { web_search: -2 } }, 'usage.web_search is -2'],
  ])('%j', (usage, invalid) => {
    const outputs = [{ type: 'message.output', content: 'abc' }];
    const facts = mistralConversations.response({ outputs, usage }, request);
    expect(facts).toEqual({ invalid, estimate: { inputTokens: 300, outputTokens: 1 } });
  });
});

/** What the stand-in for the providers answers to `ai` in the words of Vercel's AI Gateway. */
import { CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider.ts';

type Body = Record<string, unknown>;

/** Undefined: the request is not the gateway's. Whether it is a stream says the request. */
export function vercelAnswer(
  path: string,
  body: Body,
): { json?: unknown; pieces?: readonly string[]; type?: string } | undefined {
  if (path.endsWith('/embedding-model')) {
    const embeddings = (body.values as unknown[]).map(() => [1, 2]);
    return { json: { embeddings, usage: { tokens: INPUT_TOKENS } } };
  }
  if (!path.endsWith('/language-model')) return undefined;
  return body.includeRawChunks === undefined ? { json: whole(body) } : { pieces: parts(body) };
}

const call = { type: 'tool-call', toolCallId: 'call_1', toolName: 'weather', input: '{"city":"Bonn"}' };
const METADATA = { id: 'resp_1', modelId: 'served', timestamp: '2026-11-20T09:12:31.417Z' };

function whole(body: Body): object {
  const isJson = (body.responseFormat as { type?: string } | undefined)?.type === 'json';
  const text = { type: 'text', text: isJson ? '{"answer":42}' : WORDS.join(' ') };
  return { content: [asks(body) ? call : text], ...end(body), response: METADATA, warnings: [] };
}

function parts(body: Body): string[] {
  const text = WORDS.map((word) => ({ type: 'text-delta', id: '0', delta: `${word} ` }));
  const all: object[] = [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', ...METADATA },
    ...(asks(body) ? [call] : [{ type: 'text-start', id: '0' }, ...text, { type: 'text-end', id: '0' }]),
    { type: 'finish', ...end(body) },
  ];
  return [...all.map((part) => `data: ${JSON.stringify(part)}\n\n`), 'data: [DONE]\n\n'];
}

/** Calls the tool that it was offered, until it sees a tool's answer. */
function asks({ tools, prompt }: Body): boolean {
  return tools !== undefined && !(prompt as { role: string }[]).some(({ role }) => role === 'tool');
}

function end(body: Body): object {
  return {
    finishReason: { unified: asks(body) ? 'tool-calls' : 'stop', raw: 'stop' },
    usage: {
      inputTokens: { total: INPUT_TOKENS, noCache: INPUT_TOKENS - CACHED_TOKENS, cacheRead: CACHED_TOKENS },
      outputTokens: { total: OUTPUT_TOKENS, text: OUTPUT_TOKENS - 4, reasoning: 4 },
    },
  };
}

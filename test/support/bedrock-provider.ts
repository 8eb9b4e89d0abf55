/** What the stand-in for the providers answers as Amazon Bedrock: Converse, and each model in the words of its maker. */
import { anthropicAnswer } from './anthropic-provider.ts';
import { chunkFrame, eventFrame } from './event-stream.ts';
import { CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WORDS } from './provider-counts.ts';

export interface BedrockAnswer {
  json?: unknown;
  /** A stream, written piece by piece. */
  pieces?: readonly Uint8Array[];
  type?: string;
  headers?: Record<string, string>;
}

type Body = Record<string, unknown>;

const TYPE = 'application/vnd.amazon.eventstream';
const text = (): string => WORDS.join(' ');

/** Undefined: the request is not Bedrock's. */
export function bedrockAnswer(path: string, body: Body): BedrockAnswer | undefined {
  const [, encoded, verb] = /^\/model\/([^/]+)\/([a-z-]+)$/.exec(path) ?? [];
  const model = decodeURIComponent(encoded ?? '');
  switch (verb) {
    case 'converse':
      return { json: converse(body), headers: { 'x-amzn-requestid': 'req_bedrock' } };
    case 'converse-stream':
      return { pieces: converseEvents(), type: TYPE, headers: { 'x-amzn-requestid': 'req_bedrock' } };
    case 'invoke':
      return { json: own(model, body), headers: { ...counts(model), 'x-amzn-requestid': 'req_bedrock' } };
    case 'invoke-with-response-stream':
      return { pieces: ownEvents(model, body).map(chunkFrame), type: TYPE };
    case 'count-tokens':
      return { json: { inputTokens: INPUT_TOKENS } };
    default:
      return undefined;
  }
}

/** Bedrock's own input leaves cached reads out. */
const usage = (): object => ({
  inputTokens: INPUT_TOKENS - CACHED_TOKENS,
  outputTokens: OUTPUT_TOKENS,
  totalTokens: INPUT_TOKENS + OUTPUT_TOKENS,
  cacheReadInputTokens: CACHED_TOKENS,
  cacheWriteInputTokens: 0,
});

/** Calls the first tool that it was offered, until it sees a tool's answer. */
function converse({ toolConfig, messages }: Body): object {
  const tools = (toolConfig as { tools?: { toolSpec: { name: string } }[] } | undefined)?.tools;
  const asks = tools && !JSON.stringify(messages).includes('toolResult');
  const use = { toolUse: { toolUseId: 'tooluse_1', name: tools?.[0]?.toolSpec.name, input: { city: 'Bonn' } } };
  return {
    metrics: { latencyMs: 5 },
    output: { message: { role: 'assistant', content: [asks ? use : { text: text() }] } },
    stopReason: asks ? 'tool_use' : 'end_turn',
    usage: usage(),
  };
}

function converseEvents(): Buffer[] {
  const at = { contentBlockIndex: 0, p: 'abcd' };
  return [
    eventFrame('messageStart', { role: 'assistant', p: 'ab' }),
    ...WORDS.map((word) => eventFrame('contentBlockDelta', { ...at, delta: { text: `${word} ` } })),
    eventFrame('contentBlockStop', at),
    eventFrame('messageStop', { stopReason: 'end_turn', p: 'abc' }),
    eventFrame('metadata', { metrics: { latencyMs: 5 }, usage: usage(), p: 'a' }),
  ];
}

/** Without region, maker and version, as Anthropic names its models. */
function bare(model: string): string {
  return model.replace(/^.*anthropic\./, '').replace(/-v\d+:\d+$/, '');
}

/** These models count nothing themselves. */
function counts(model: string): Record<string, string> {
  return {
    'x-amzn-bedrock-input-token-count': String(INPUT_TOKENS),
    ...(!model.includes('embed') && { 'x-amzn-bedrock-output-token-count': String(OUTPUT_TOKENS) }),
  };
}

function own(model: string, body: Body): unknown {
  if (model.includes('titan-embed')) return { embedding: [1, 2], inputTextTokenCount: INPUT_TOKENS };
  if (model.includes('embed')) return { embeddings: [[1, 2]], id: 'e1', response_type: 'embeddings_floats' };
  if (model.includes('rerank')) return { results: [{ index: 0, relevance_score: 0.9 }] };
  if (model.includes('anthropic')) return anthropicAnswer('/v1/messages', { ...body, model: bare(model) })?.json;
  if (model.includes('nova')) return converse(body);
  if (model.includes('titan'))
    return {
      inputTextTokenCount: INPUT_TOKENS,
      results: [{ tokenCount: OUTPUT_TOKENS, outputText: text(), completionReason: 'FINISH' }],
    };
  if (model.includes('llama'))
    return {
      generation: text(),
      prompt_token_count: INPUT_TOKENS,
      generation_token_count: OUTPUT_TOKENS,
      stop_reason: 'stop',
    };
  if (model.includes('cohere')) return { response_id: 'r', text: text(), finish_reason: 'COMPLETE' };
  return { outputs: [{ text: text(), stop_reason: 'stop' }] };
}

function ownEvents(model: string, body: Body): unknown[] {
  const metrics = {
    'amazon-bedrock-invocationMetrics': { inputTokenCount: INPUT_TOKENS, outputTokenCount: OUTPUT_TOKENS },
  };
  if (model.includes('anthropic')) {
    const answer = anthropicAnswer('/v1/messages', { ...body, model: bare(model), stream: true });
    const events = (answer?.pieces ?? []).map(
      (piece) => JSON.parse(piece.slice(piece.indexOf('data: ') + 6)) as object,
    );
    const last = events.pop();
    return [...events, { ...last, ...metrics }];
  }
  if (model.includes('llama'))
    return WORDS.map((word, index) => ({
      generation: `${word} `,
      prompt_token_count: index === 0 ? INPUT_TOKENS : null,
      generation_token_count: index + 1 === WORDS.length ? OUTPUT_TOKENS : index + 1,
      stop_reason: index + 1 === WORDS.length ? 'stop' : null,
      ...(index + 1 === WORDS.length && metrics),
    }));
  return WORDS.map((word, index) => ({
    outputs: [{ text: `${word} `, stop_reason: index + 1 === WORDS.length ? 'stop' : null }],
    ...(index + 1 === WORDS.length && metrics),
  }));
}

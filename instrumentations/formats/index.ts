/** The table of formats. A new one is a line in `FORMATS`; which paths are its own, it says itself. */

import { anthropicBatches } from './anthropic-batches.ts';
import { anthropicComplete } from './anthropic-complete.ts';
import { anthropicMessages } from './anthropic-messages.ts';
import { anthropicVertex } from './anthropic-vertex.ts';
import { bedrockConverse } from './bedrock-converse.ts';
import { bedrockEmbed, bedrockInvoke, bedrockRerank } from './bedrock-invoke.ts';
import { cohereChat } from './cohere-chat.ts';
import { cohereEmbed } from './cohere-embed.ts';
import { cohereRerank } from './cohere-rerank.ts';
import type { Format } from './format.ts';
import { gemini } from './gemini.ts';
import { geminiEmbeddings } from './gemini-embeddings.ts';
import { geminiInteractions } from './gemini-interactions.ts';
import { imagen } from './imagen.ts';
import { mistralAgents } from './mistral-agents.ts';
import { mistralConversations } from './mistral-conversations.ts';
import { mistralFim } from './mistral-fim.ts';
import { ollama } from './ollama.ts';
import { ollamaEmbeddings } from './ollama-embeddings.ts';
import { openaiBatches } from './openai-batches.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiCompletions } from './openai-completions.ts';
import { openaiEmbeddings } from './openai-embeddings.ts';
import { openaiImages } from './openai-images.ts';
import { openaiResponses } from './openai-responses.ts';
import { openaiSpeech } from './openai-speech.ts';
import { openaiTranscriptions } from './openai-transcriptions.ts';
import { vercelEmbeddings } from './vercel-embeddings.ts';
import { vercelLanguage } from './vercel-language.ts';

export { providerOf, providerOfAgent, providerOfHost } from './provider.ts';

export const FORMATS: readonly Format[] = [
  openaiChat,
  openaiResponses,
  openaiEmbeddings,
  openaiCompletions,
  openaiImages,
  openaiSpeech,
  openaiTranscriptions,
  openaiBatches,
  anthropicMessages,
  anthropicComplete,
  anthropicBatches,
  anthropicVertex,
  gemini,
  geminiEmbeddings,
  geminiInteractions,
  imagen,
  mistralFim,
  mistralAgents,
  mistralConversations,
  cohereChat,
  cohereEmbed,
  cohereRerank,
  bedrockConverse,
  bedrockEmbed,
  bedrockRerank,
  bedrockInvoke,
  ollama,
  ollamaEmbeddings,
  vercelLanguage,
  vercelEmbeddings,
];

/** Where several formats share an end, each of them is asked in the table's order. */
const BY_END = Map.groupBy(
  FORMATS.flatMap((format) => format.lastSegments.map((end) => ({ end, format }))),
  ({ end }) => end,
);

/** Those whose paths may end in an id, by what stands before it. */
const BY_PARENT = Map.groupBy(
  FORMATS.flatMap((format) => (format.parentSegments ?? []).map((parent) => ({ parent, format }))),
  ({ parent }) => parent,
);

/**
 * The format of a request, if it is one of ours. Runs for every fetch of the service, so it looks at the last two segments
 * of the path and nothing else until one of them fits. Google ends the last one in `:` and a verb.
 */
export function formatFor(method: string, path: string): Format | undefined {
  if (method !== 'POST') return undefined;
  const plain = path.endsWith('/') ? path.slice(0, -1) : path;
  const slash = plain.lastIndexOf('/');
  const candidates =
    BY_END.get(plain.slice(Math.max(slash, plain.lastIndexOf(':')) + 1)) ??
    BY_PARENT.get(plain.slice(plain.lastIndexOf('/', slash - 1) + 1, slash));
  return candidates?.find(({ format }) => format.matches(method, plain))?.format;
}

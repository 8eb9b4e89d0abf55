/** Which provider a host belongs to, in the words of the price catalogue. */
import type { Format } from './format.ts';

const HOSTS: Readonly<Record<string, string>> = {
  'api.openai.com': 'openai',
  'api.anthropic.com': 'anthropic',
  'api.groq.com': 'groq',
  'api.together.xyz': 'together',
  'api.together.ai': 'together',
  'api.mistral.ai': 'mistral',
  'codestral.mistral.ai': 'mistral',
  'api.deepseek.com': 'deepseek',
  'openrouter.ai': 'openrouter',
  'api.x.ai': 'x-ai',
  'api.fireworks.ai': 'fireworks',
  'api.cerebras.ai': 'cerebras',
  'api.perplexity.ai': 'perplexity',
  'api.cohere.com': 'cohere',
  'api.cohere.ai': 'cohere',
  'ollama.com': 'ollama',
  'api.moonshot.ai': 'moonshotai',
  'api.moonshot.cn': 'moonshotai',
  'api.novita.ai': 'novita',
  'api.z.ai': 'zai',
  'open.bigmodel.cn': 'zhipuai',
  'api.minimax.io': 'minimax',
  'api.minimaxi.com': 'minimax',
  'api.voyageai.com': 'voyageai',
  'inference.baseten.co': 'baseten',
  'api.avian.io': 'avian',
  'api.arcee.ai': 'arcee',
  'api.doubleword.ai': 'doubleword',
  'api.githubcopilot.com': 'github-copilot',
  'api.cloudflare.com': 'cloudflare',
  'generativelanguage.googleapis.com': 'google',
  'aiplatform.googleapis.com': 'google',
};

/** Hosts whose first labels name a resource, a region or a data zone: `NAME.openai.azure.com`, `eu.api.openai.com`. */
const SUFFIXES: readonly (readonly [string, string])[] = [
  ['.openai.azure.com', 'azure'],
  ['.cognitiveservices.azure.com', 'azure'],
  ['.services.ai.azure.com', 'azure'],
  ['.azure-api.net', 'azure'],
  ['.api.openai.com', 'openai'],
  ['.api.x.ai', 'x-ai'],
  ['-aiplatform.googleapis.com', 'google'],
  ['.rep.googleapis.com', 'google'],
];

/** Also `bedrock-runtime-fips`, and behind the endpoint of a private network. Flows and agents have a host of their own. */
const BEDROCK =
  /(?:^|\.)bedrock-(?:runtime|agent-runtime|mantle)(?:-fips)?\.[a-z0-9-]+\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;

/** `host` may carry a port. A host that nobody knows (a gateway, a proxy, a stand-in) is taken at the format's word. */
export function providerOf(host: string, format: Pick<Format, 'provider'>): string {
  return providerOfHost(host) ?? format.provider;
}

/** Undefined for a host that nobody knows. */
export function providerOfHost(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (Object.hasOwn(HOSTS, name)) return HOSTS[name]!;
  if (BEDROCK.test(name)) return 'aws';
  return SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[1];
}

/** SDKs that speak another one's format and have but one provider. */
const AGENTS: readonly (readonly [RegExp, string])[] = [
  [/^AnthropicVertex\/JS/, 'google'],
  [/^AzureOpenAI\/JS/, 'azure'],
  [/^Groq\/JS/, 'groq'],
  [/^Together\/JS/, 'together'],
  [/mistral/i, 'mistral'],
  [/^AnthropicBedrock/, 'aws'],
];

/** What the SDK's `user-agent` says, for a host that nobody knows. */
export function providerOfAgent(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined) return undefined;
  return AGENTS.find(([pattern]) => pattern.test(userAgent))?.[1];
}

/** Which provider a host belongs to, in the words of the price catalogue. */
import type { Format } from './format.ts';

const HOSTS: Readonly<Record<string, string>> = {
  'api.openai.com': 'openai',
  'eu.api.openai.com': 'openai',
  'us.api.openai.com': 'openai',
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
};

/** Hosts whose first labels name a resource, a region or a data zone. */
const SUFFIXES: readonly (readonly [string, string])[] = [
  ['.openai.azure.com', 'azure'],
  ['.cognitiveservices.azure.com', 'azure'],
  ['.services.ai.azure.com', 'azure'],
  ['.api.openai.com', 'openai'],
  ['.api.x.ai', 'x-ai'],
];

/** `host` may carry a port. A host that nobody knows (a gateway, a proxy, a stand-in) is taken at the format's word. */
export function providerOf(host: string, format: Pick<Format, 'provider'>): string {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const known = Object.hasOwn(HOSTS, name) ? HOSTS[name] : undefined;
  return known ?? SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[1] ?? format.provider;
}

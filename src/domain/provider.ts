/** Providers by the names that others have for them: OTel, gateways, people. */

/** Without case, spaces and punctuation → as the price catalogue names them. */
const ALIASES: Readonly<Record<string, string>> = {
  openai: 'openai',
  azure: 'azure',
  azureopenai: 'azure',
  azureaiopenai: 'azure',
  azureaiinference: 'azure',
  anthropic: 'anthropic',
  google: 'google',
  gemini: 'google',
  gcpgemini: 'google',
  gcpvertexai: 'google',
  gcpgenai: 'google',
  googleaistudio: 'google',
  googlevertex: 'google',
  googlevertexai: 'google',
  vertex: 'google',
  vertexai: 'google',
  vertexanthropic: 'google',
  aws: 'aws',
  bedrock: 'aws',
  awsbedrock: 'aws',
  amazonbedrock: 'aws',
  mistral: 'mistral',
  mistralai: 'mistral',
  cohere: 'cohere',
  groq: 'groq',
  xai: 'x-ai',
  grok: 'x-ai',
  deepseek: 'deepseek',
  together: 'together',
  togetherai: 'together',
  fireworks: 'fireworks',
  fireworksai: 'fireworks',
  cerebras: 'cerebras',
  perplexity: 'perplexity',
  perplexityai: 'perplexity',
  openrouter: 'openrouter',
  moonshot: 'moonshotai',
  moonshotai: 'moonshotai',
  novita: 'novita',
  novitaai: 'novita',
  minimax: 'minimax',
  voyage: 'voyageai',
  voyageai: 'voyageai',
  baseten: 'baseten',
  ollama: 'ollama',
  zai: 'zai',
  cloudflare: 'cloudflare',
  workersai: 'cloudflare',
};

/** As the price catalogue names it; undefined for a name that nobody here knows. */
export function providerNamed(name: string): string | undefined {
  const key = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return Object.hasOwn(ALIASES, key) ? ALIASES[key] : undefined;
}

/** `openai/gpt-4.1` → `gpt-4.1` where the provider is OpenAI; undefined without its name before it. */
export function withoutProvider(provider: string, model: string): string | undefined {
  const slash = model.indexOf('/');
  if (slash <= 0 || slash === model.length - 1) return undefined;
  const named = providerNamed(model.slice(0, slash));
  return named !== undefined && named === (providerNamed(provider) ?? provider) ? model.slice(slash + 1) : undefined;
}

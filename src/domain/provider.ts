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

/** `openai/gpt-4.1` → `openai`; undefined where what stands before the model is no provider that is known here. */
export function providerBefore(model: string): string | undefined {
  const slash = model.indexOf('/');
  return slash <= 0 ? undefined : providerNamed(model.slice(0, slash));
}

/** `openai/gpt-4.1` → `gpt-4.1` where the provider is OpenAI; undefined without its name before it. */
export function withoutProvider(provider: string, model: string): string | undefined {
  const named = providerBefore(model);
  const isOwn = named !== undefined && named === (providerNamed(provider) ?? provider);
  return isOwn && !model.endsWith('/') ? model.slice(model.indexOf('/') + 1) : undefined;
}

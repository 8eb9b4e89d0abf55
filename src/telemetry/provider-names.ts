/** `gen_ai.provider.name` by OTel's GenAI conventions, for providers that the price catalogue calls otherwise. */
const OTEL_NAMES: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai',
  aws: 'aws.bedrock',
  google: 'gcp.gemini',
  mistral: 'mistral_ai',
  'x-ai': 'x_ai',
  moonshotai: 'moonshot_ai',
};

export function otelProviderName(provider: string): string {
  return OTEL_NAMES[provider] ?? provider;
}

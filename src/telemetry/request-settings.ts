/** How a request is to be generated, as far as that is numbers: no text of it, not even its stop sequences, is read. */
import type { Attributes } from '@opentelemetry/api';
import { ATTR } from './names.ts';

/** Each provider's word for it. */
const SETTINGS: Readonly<Record<string, string | undefined>> = {
  __proto__: null as never,
  temperature: ATTR.requestTemperature,
  top_p: ATTR.requestTopP,
  topP: ATTR.requestTopP,
  p: ATTR.requestTopP,
  top_k: ATTR.requestTopK,
  topK: ATTR.requestTopK,
  k: ATTR.requestTopK,
  frequency_penalty: ATTR.requestFrequencyPenalty,
  frequencyPenalty: ATTR.requestFrequencyPenalty,
  presence_penalty: ATTR.requestPresencePenalty,
  presencePenalty: ATTR.requestPresencePenalty,
  seed: ATTR.requestSeed,
  random_seed: ATTR.requestSeed,
};

/** Where Google, Bedrock and Ollama keep them. */
const NESTED: ReadonlySet<string> = new Set(['generationConfig', 'generation_config', 'inferenceConfig', 'options']);

/** Adds them to `attributes`. */
export function addRequestSettings(attributes: Attributes, body: object): void {
  for (const name in body) {
    const value = (body as Record<string, unknown>)[name];
    if (typeof value === 'number') {
      const attribute = SETTINGS[name];
      if (attribute !== undefined) attributes[attribute] = value;
    } else if (NESTED.has(name) && typeof value === 'object' && value !== null) {
      addFlat(attributes, value);
    }
  }
}

function addFlat(attributes: Attributes, settings: object): void {
  for (const name in settings) {
    const value = (settings as Record<string, unknown>)[name];
    const attribute = SETTINGS[name];
    if (typeof value === 'number' && attribute !== undefined) attributes[attribute] = value;
  }
}

/** Usage and bounds between their wire form (snake_case) and the domain's. */
import type { Usage, UsageBound } from '../domain/usage.ts';
import type { WireBound, WireUsage } from './wire.ts';

/** Domain name → wire name; the same table serves both directions. */
const USAGE_NAMES: Readonly<Record<keyof Usage, keyof WireUsage>> = {
  inputTokens: 'input_tokens',
  cachedReadTokens: 'cached_read_tokens',
  cacheWrite5mTokens: 'cache_write_5m_tokens',
  cacheWrite1hTokens: 'cache_write_1h_tokens',
  outputTokens: 'output_tokens',
  reasoningTokens: 'reasoning_tokens',
  inputAudioTokens: 'input_audio_tokens',
  cachedAudioTokens: 'cached_audio_tokens',
  outputAudioTokens: 'output_audio_tokens',
  inputImageTokens: 'input_image_tokens',
  outputImageTokens: 'output_image_tokens',
  webSearches: 'web_searches',
  inputCharacters: 'input_characters',
  inputAudioSeconds: 'input_audio_seconds',
  outputImages: 'output_images',
  batch: 'batch',
  serviceTier: 'service_tier',
  inferenceGeo: 'inference_geo',
};

const BOUND_NAMES: Readonly<Record<keyof UsageBound, keyof WireBound>> = {
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  choices: 'choices',
  webSearches: 'web_searches',
  inputCharacters: 'input_characters',
  inputAudioSeconds: 'input_audio_seconds',
  outputImages: 'output_images',
  batch: 'batch',
  serviceTier: 'service_tier',
  inferenceGeo: 'inference_geo',
  cacheWrite1h: 'cache_write_1h',
  unseenInput: 'unseen_input',
  audio: 'audio',
};

export const usageToWire = (usage: Usage): WireUsage => renamed(usage, USAGE_NAMES) as unknown as WireUsage;
export const boundToWire = (bound: UsageBound): WireBound => renamed(bound, BOUND_NAMES) as unknown as WireBound;
export const usageFromWire = (usage: WireUsage): Usage => renamed(usage, USAGE_KEYS) as unknown as Usage;
export const boundFromWire = (bound: WireBound): UsageBound => renamed(bound, BOUND_KEYS) as unknown as UsageBound;

const USAGE_KEYS = inverted(USAGE_NAMES);
const BOUND_KEYS = inverted(BOUND_NAMES);

function inverted(names: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(names).map(([domain, wire]) => [wire, domain]));
}

function renamed(from: object, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const to: Record<string, unknown> = {};
  for (const name in from) {
    const value = (from as Record<string, unknown>)[name];
    const renamedTo = names[name];
    if (renamedTo !== undefined && value !== undefined) to[renamedTo] = value;
  }
  return to;
}

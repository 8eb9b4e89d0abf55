/** Tokens by kind and modality, as the latest conventions count them. */
import type { Usage } from '../domain/usage.ts';
import { tokens } from './instruments.ts';
import { ATTR, CLIENT_METRIC } from './names.ts';
import type { Served } from './series.ts';

type Modality = 'text' | 'audio' | 'image' | 'unknown';

/** Nothing reported is told as 0, so that a failed call has its series too. */
export function countTokens(served: Served, usage: Usage | undefined): void {
  const { inferenceUsageInputTokens: input, inferenceUsageOutputTokens: output } = CLIENT_METRIC;
  if (!usage) {
    add(served, input, 'unknown', 0);
    add(served, output, 'unknown', 0);
    return;
  }
  split(served, input, usage.inputTokens, usage.inputAudioTokens, usage.inputImageTokens);
  split(served, output, usage.outputTokens, usage.outputAudioTokens, usage.outputImageTokens);
  const { cachedReadTokens: read = 0, cachedAudioTokens: audio, reasoningTokens: reasoning = 0 } = usage;
  const written = (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0);
  if (read > 0) split(served, CLIENT_METRIC.inferenceUsageCacheReadInputTokens, read, audio, undefined);
  if (written > 0) add(served, CLIENT_METRIC.inferenceUsageCacheWriteInputTokens, 'unknown', written);
  if (reasoning > 0) add(served, CLIENT_METRIC.inferenceUsageReasoningOutputTokens, 'text', reasoning);
}

/** Where the provider breaks nothing down, nothing is said of what the tokens were. */
function split(
  served: Served,
  metric: keyof typeof tokens,
  all: number,
  audio: number | undefined,
  image: number | undefined,
): void {
  if (audio === undefined && image === undefined) {
    add(served, metric, 'unknown', all);
    return;
  }
  if (audio) add(served, metric, 'audio', audio);
  if (image) add(served, metric, 'image', image);
  add(served, metric, 'text', Math.max(0, all - (audio ?? 0) - (image ?? 0)));
}

function add(served: Served, metric: keyof typeof tokens, modality: Modality, count: number): void {
  const attributes = () => ({ ...served.attributes, [ATTR.tokenModality]: modality });
  tokens[metric].of(`${served.key}\n${modality}`, attributes).value += count;
}

import type { Usage } from '../domain/usage.ts';

/**
 * Valid usage as disjoint quantities, in the order of `UNITS`. `reasoningApart`: the card prices reasoning on its own.
 *
 * Providers do not say which of the cached or written tokens were images or audio. What is not known to be cached counts
 * as uncached as long as there is room, which is the dearer reading.
 */
export function split(usage: Usage, reasoningApart: boolean): number[] {
  const cachedAudio = usage.cachedAudioTokens ?? 0;
  const cachedRead = usage.cachedReadTokens ?? 0;
  const write5m = usage.cacheWrite5mTokens ?? 0;
  const write1h = usage.cacheWrite1hTokens ?? 0;
  let fresh = usage.inputTokens - cachedRead - write5m - write1h;
  const audio = Math.min((usage.inputAudioTokens ?? 0) - cachedAudio, fresh);
  fresh -= audio;
  const image = Math.min(usage.inputImageTokens ?? 0, fresh);
  fresh -= image;

  const outputAudio = usage.outputAudioTokens ?? 0;
  const outputImage = usage.outputImageTokens ?? 0;
  let output = usage.outputTokens - outputAudio - outputImage;
  const reasoning = reasoningApart ? Math.min(usage.reasoningTokens ?? 0, output) : 0;
  output -= reasoning;
  return [
    fresh,
    cachedRead - cachedAudio,
    write5m,
    write1h,
    audio,
    cachedAudio,
    image,
    output,
    reasoning,
    outputAudio,
    outputImage,
    usage.webSearches ?? 0,
    usage.inputCharacters ?? 0,
    usage.inputAudioSeconds ?? 0,
    usage.outputImages ?? 0,
    1,
  ];
}

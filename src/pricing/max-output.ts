/**
 * The most tokens that a model writes in one answer, thinking included. The price catalogue does not know; this does
 * for the current families, and errs upward where one price row covers several models.
 * Sources: developers.openai.com/api/docs/models, platform.claude.com/docs/en/about-claude/models/overview,
 * ai.google.dev/gemini-api/docs/models.
 */
import { matchesPattern } from '../domain/attribution.ts';

/** First match wins; patterns are matched with the id behind its last `/`, in lower case. */
const MAX_OUTPUT_TOKENS: readonly (readonly [pattern: string, tokens: number])[] = [
  ['gpt-5-pro*', 272_000],
  ['gpt-5.3-chat*', 16_384],
  ['gpt-5*', 128_000],
  ['gpt-6*', 128_000],
  ['*gpt-4.1*', 32_768],
  ['*gpt-4o*', 16_384],
  ['chatgpt-4o*', 16_384],
  ['gpt-4.5*', 16_384],
  ['gpt-4-turbo*', 4_096],
  ['gpt-4-vision*', 4_096],
  ['gpt-4-32k*', 32_768],
  ['gpt-4*', 8_192],
  ['*gpt-3.5*', 4_096],
  ['gpt-audio*', 16_384],
  ['gpt-oss*', 131_072],
  ['o1-preview*', 32_768],
  ['o1-mini*', 65_536],
  ['o1*', 100_000],
  ['o3*', 100_000],
  ['*o4-mini*', 100_000],
  ['codex-mini*', 100_000],
  // Bedrock and Vertex put regions and makers before the name, hence the leading star.
  ['*claude-3-5*', 8_192],
  ['*claude-3-7*', 128_000],
  ['*claude-3*', 4_096],
  ['*claude-2*', 4_096],
  ['*claude-opus-4-5*', 64_000],
  ['*claude-opus-4-0*', 32_000],
  ['*claude-opus-4-1*', 32_000],
  ['*claude-opus-4-2025*', 32_000],
  ['*claude-4-opus*', 32_000],
  ['*claude-sonnet-4-0*', 64_000],
  ['*claude-sonnet-4-5*', 64_000],
  ['*claude-sonnet-4-2025*', 64_000],
  ['*claude-4-sonnet*', 64_000],
  ['*claude-haiku-4*', 64_000],
  ['*claude*', 128_000],
  ['gemini-1*', 8_192],
  ['gemini-2.0*', 8_192],
  ['gemini-*', 65_536],
];

/** Undefined for a model of no known family. */
export function maxOutputTokensOf(model: string): number | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  return MAX_OUTPUT_TOKENS.find(([pattern]) => matchesPattern(pattern, name))?.[1];
}

/** The input side of a bound: bytes for text, and allowances for parts whose tokens their bytes do not show. */
import type { UsageBound } from '../../src/domain/usage.ts';
import { ESTIMATE_BYTES_PER_TOKEN } from './read.ts';

/** Tokens around the messages: roles, separators, the preamble that providers put before tools. */
export const FRAMING_TOKENS = 256;

/**
 * Searches of a hosted tool for which the request names no ceiling. An assumption: providers document none, and answers
 * with more than ten searches are those of research models.
 */
export const ASSUMED_SEARCHES = 10;

/** What an image, a recording or a document comes to when nobody counted. */
const MEDIA_ESTIMATE_TOKENS = 1500;

/** What the walk over a request's content parts found. */
export interface Media {
  /** Images, inline or by URL, each of which costs at the most `tokensPerImage`. */
  images: number;
  /** Other inline media: counted by their bytes, but not estimated by them. */
  inline: number;
  /** Bytes of inline media inside the body, and of these those of images. */
  inlineBytes: number;
  imageBytes: number;
  /** Something is referred to, not contained. */
  unseen: boolean;
  /** Audio goes in or is asked for. */
  audio: boolean;
}

export function noMedia(): Media {
  return { images: 0, inline: 0, inlineBytes: 0, imageBytes: 0, unseen: false, audio: false };
}

/** Counts an image given as a data URL, base64 text or URL. */
export function addImage(media: Media, source: unknown): void {
  media.images += 1;
  if (typeof source !== 'string' || /^https?:/i.test(source.slice(0, 6))) return;
  media.inlineBytes += source.length;
  media.imageBytes += source.length;
}

/** Counts audio, which never has more tokens than base64 bytes (10 tokens a second, 1 KB a second at the least). */
export function addAudio(media: Media, source: unknown): void {
  addInline(media, source);
  media.audio = true;
}

/** Counts a page of a document, read as text and as an image: neither its bytes nor an address nor an id tell its tokens. */
export function addFile(media: Media, source: unknown): void {
  addInline(media, source);
  media.unseen = true;
}

function addInline(media: Media, source: unknown): void {
  media.inline += 1;
  if (typeof source === 'string') media.inlineBytes += source.length;
}

export type InputBound = Pick<UsageBound, 'inputTokens' | 'audio' | 'unseenInput'>;

/**
 * One token per UTF-8 byte is safe for byte-level BPE. An image's tokens depend on its pixels, so its bytes are taken
 * out and the provider's maximum put in their place: a blank picture is large in pixels and tiny in bytes. What is
 * unseen may hold audio; otherwise there is none unless some was found.
 */
export function inputBound(bodyBytes: number, media: Media, tokensPerImage: number, extra = 0): InputBound {
  const text = Math.max(bodyBytes - media.imageBytes, 0);
  const inputTokens = text + media.images * tokensPerImage + FRAMING_TOKENS + extra;
  if (media.unseen) return { inputTokens, unseenInput: true };
  return media.audio ? { inputTokens } : { inputTokens, audio: false };
}

/** The probable input, text by its bytes and media by a flat figure; never above a bound that holds. */
export function inputEstimate(bodyBytes: number, media: Media, bound: InputBound): number {
  const text = Math.max(bodyBytes - media.inlineBytes, 0);
  const tokens = Math.ceil(text / ESTIMATE_BYTES_PER_TOKEN) + (media.images + media.inline) * MEDIA_ESTIMATE_TOKENS;
  return bound.unseenInput ? tokens : Math.min(tokens, bound.inputTokens);
}

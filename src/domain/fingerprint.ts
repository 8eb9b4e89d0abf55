import { createHash } from 'node:crypto';

/** What a fingerprint looks like: `fp:` and 32 lower-case hex digits. */
export const FINGERPRINT_PATTERN = /^fp:[0-9a-f]{32}$/;

/**
 * The one name under which an API key is known: `fp:` and the first 32 hex digits of the SHA-256 of its UTF-8 bytes.
 * 128 bits of a high-entropy secret cannot be turned back, and two keys never meet.
 */
export function fingerprint(key: string): string {
  return `fp:${createHash('sha256').update(key, 'utf8').digest('hex').slice(0, 32)}`;
}

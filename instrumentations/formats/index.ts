/** The table of formats. A new one is a line in `FORMATS` and one in `formatFor`. */
import type { Format } from './format.ts';
import { openaiChat } from './openai-chat.ts';

export { providerOf } from './provider.ts';

export const FORMATS: readonly Format[] = [openaiChat];

/**
 * The format of a request, if it is one of ours. Runs for every fetch of the service, so it looks at the last segment
 * of the path and nothing else until that fits.
 */
export function formatFor(method: string, path: string): Format | undefined {
  if (method !== 'POST') return undefined;
  const plain = path.endsWith('/') ? path.slice(0, -1) : path;
  const format = byLastSegment(plain.slice(plain.lastIndexOf('/') + 1));
  return format?.matches(method, plain) ? format : undefined;
}

function byLastSegment(segment: string): Format | undefined {
  switch (segment) {
    case 'completions':
      return openaiChat;
    default:
      return undefined;
  }
}

import type { IncomingMessage } from 'node:http';
import { uuidv7 } from 'uuidv7';

const ids = new WeakMap<IncomingMessage, string>();

/** The caller's own `x-request-id` where it is fit to log, else a new one; made only when somebody needs it. */
export function requestId(request: IncomingMessage): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : uuidv7();
  ids.set(request, id);
  return id;
}

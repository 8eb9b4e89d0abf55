/**
 * The client of @google/genai. It tries again inside one method, where its caller asked for that: what it sends from there is
 * one call. The requests themselves are caught at fetch.
 */
import { errorTypeOf } from '../../src/client/failure.ts';
import { Call } from '../../src/client/span.ts';
import { type Frame, frames } from './frames.ts';
import { replace } from './patch.ts';

/** The whole SDK is one module, known by how it calls itself; its folder may have an alias. */
const MODULE = /[\\/]dist[\\/]node[\\/]index\.[cm]js$/;
const LABEL = 'google-genai-sdk/';

export const GOOGLE_CLASS = 'ApiClient';

export function mayBeGoogle(url: string): boolean {
  return MODULE.test(url);
}

export function isGoogle(source: string): boolean {
  return source.includes(LABEL);
}

type ApiCall = (this: unknown, ...args: unknown[]) => Promise<Response>;

/** Without the method that we know, each try is a call of its own. */
export function hookGoogle(client: unknown): void {
  const core = typeof client === 'function' ? (client.prototype as object) : {};
  if (!Object.hasOwn(core, 'apiCall')) return;
  replace(core, 'apiCall', (original: ApiCall) => {
    return function (this: unknown, ...args: unknown[]) {
      const frame: Frame = { call: new Call(), owned: false, retries: true };
      const answer = frames.run(frame, () => original.apply(this, args));
      answer.then(
        (response) => response.ok || frame.call.end(),
        (error: unknown) => frame.call.end(frame.call.errorType ?? errorTypeOf(error)),
      );
      return answer;
    };
  });
}

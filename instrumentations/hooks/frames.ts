/**
 * Who owns a request. The SDK-core hook admits and meters an attempt and says so here, so that the fetch hook, which
 * sees the same request on its way out, lets it pass.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt } from '../../src/client/attempt.ts';
import { Call } from '../../src/client/span.ts';

export interface Frame {
  call: Call;
  attempt?: Attempt;
  /** The request that comes next inside this frame is already taken care of. */
  owned: boolean;
  /** A POST has left through fetch: before that an SDK may still be looking for credentials. */
  left?: true;
  /** Every request inside this frame is an attempt of its call, caught at fetch; whoever opened the frame ends the call. */
  retries?: true;
}

export const frames = new AsyncLocalStorage<Frame | undefined>();

/** The call that a request caught at fetch belongs to, where the SDK's retries are known to be one. */
export function retriedCall(): Call | undefined {
  const frame = frames.getStore();
  if (!frame?.retries) return undefined;
  // After an answer nothing is tried again: what comes then is another call.
  if (frame.call.ended) frame.call = new Call();
  return frame.call;
}

/** Called for each POST, whoever sends it: where nothing has left, nothing was sent. */
export function noteLeaving(): void {
  const frame = frames.getStore();
  if (frame) frame.left = true;
}

/** True once for each owned request: a second one inside the same attempt (a replay by middleware) is not covered. */
export function passOwned(): boolean {
  const frame = frames.getStore();
  if (!frame?.owned) return false;
  frame.owned = false;
  return true;
}

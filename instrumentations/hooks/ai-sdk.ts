/**
 * The AI SDK of Vercel (`ai`). Its providers send through fetch, where each request is caught; it tries again in one function of a
 * package that they share, and what is sent from there is one call.
 */
import { errorTypeOf } from '../../src/client/failure.ts';
import { Call } from '../../src/client/span.ts';
import { type Frame, frames } from './frames.ts';

const MODULE = /[\\/]@ai-sdk[\\/]provider-utils[\\/]dist[\\/]index\.m?js$/;
const LOOP = 'retryWithExponentialBackoffInternal';

export const AI_SDK = '@ai-sdk/provider-utils';

export function mayBeAiSdk(url: string): boolean {
  return MODULE.test(url);
}

/**
 * The module with its loop replaced by what `handOver`, an expression, makes of it; as it is where the loop is no longer a
 * function that can be replaced: then each try is a call of its own.
 */
export function withLoop(source: string, handOver: string): string {
  if (!source.includes(`\nasync function ${LOOP}(`)) return source;
  return `${source}\n;${LOOP} = ${handOver}?.(${JSON.stringify(AI_SDK)}, ${LOOP}) ?? ${LOOP};\n`;
}

/** The errors so far are its last argument: it calls itself for the next try. */
type Loop = (send: unknown, options: unknown, errors?: readonly unknown[]) => Promise<unknown>;

export function hookLoop(original: unknown): Loop | undefined {
  if (typeof original !== 'function') return undefined;
  const loop = original as Loop;
  return function retryWithExponentialBackoffInternal(send, options, errors) {
    return errors?.length ? loop(send, options, errors) : asOneCall(() => loop(send, options));
  };
}

function asOneCall(run: () => Promise<unknown>): Promise<unknown> {
  let call: Call | undefined;
  const frame: Frame = {
    owned: false,
    retries: true,
    // Begins with its first request, under the span that is active then: the SDK's own, if it traces.
    get call() {
      call ??= new Call();
      return call;
    },
    set call(next) {
      call = next;
    },
  };
  const answer = frames.run(frame, run);
  // What runs later in the same context, a tool that the answer asks for, say, is no further try.
  answer.then(
    () => delete frame.retries,
    (error: unknown) => {
      delete frame.retries;
      call?.end(call.errorType ?? errorTypeOf(error));
    },
  );
  return answer;
}

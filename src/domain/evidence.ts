/**
 * What is known of an attempt beside its usage: who served it, by which way, and what it took the place of. It is kept with
 * the settlement; of all of it only the provider that served has a part in the price.
 */
import type { NanoUsd } from './money.ts';

/** Who took the other way: the application, after an attempt of its own failed, or the gateway between it and the provider. */
export type FallbackBy = 'application' | 'gateway';

export interface Fallback {
  by: FallbackBy;
  /** What was tried first, as far as it is known. */
  provider?: string;
  model?: string;
  attemptId?: string;
  /** Why it was left: an HTTP status, an error's type, the code of a denial, `timeout`. */
  reason?: string;
}

export interface Evidence {
  /** The gateway that answered, such as `litellm`. */
  gateway?: string;
  /** In the gateway's own words: a deployment, a target, a step. */
  gatewayRoute?: string;
  /** The gateway answered from its own cache: no provider was asked, and nothing is billed. */
  gatewayCached?: true;
  /** The provider that the gateway names, in the words of the price catalogue where it knows it. */
  servedProvider?: string;
  /** What the gateway says that it costs. Beside our price, never in its place. */
  reportedCostNanoUsd?: NanoUsd;
  fallback?: Fallback;
}

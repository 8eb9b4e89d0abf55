/**
 * Bedrock names the model in the path, encoded: an id, an id with the region of its inference profile before it, or an ARN.
 *
 *   /model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse
 *   /model/us.amazon.nova-lite-v1%3A0/converse-stream
 *   /model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1234%3Aapplication-inference-profile%2Fabc/invoke
 */

const PLACE = /^(.*\/model\/)([^/]+)(\/[a-z-]+)$/;
/** These ARNs end in the id of a model; all others name a thing of the account's own, which only a contract can price. */
const OF_A_MODEL = /^arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)\/(.+)$/;
const OF_ITS_OWN = /^arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(.+)$/;

export const CONVERSE = ['converse', 'converse-stream'] as const;
export const INVOKE = ['invoke', 'invoke-with-response-stream'] as const;

/** Whether the path ends in one of these, after a model. */
export function isModelPath(path: string, verbs: readonly string[]): boolean {
  const verb = PLACE.exec(path)?.[3]?.slice(1);
  return verb !== undefined && verbs.includes(verb);
}

export function streams(path: string): boolean {
  return path.endsWith('-stream');
}

/** The id with its region, or such as `application-inference-profile/abc`. */
export function modelIn(path: string): string {
  const encoded = PLACE.exec(path)?.[2];
  return encoded === undefined ? 'unknown' : bare(decoded(encoded));
}

export function withModel(path: string, model: string | undefined): string {
  const match = model === undefined ? undefined : PLACE.exec(path);
  return match && model !== undefined ? `${match[1]}${encodeURIComponent(model)}${match[3]}` : path;
}

/** A model as an answer names it: often by its ARN. */
export function bare(model: string): string {
  return OF_A_MODEL.exec(model)?.[1] ?? OF_ITS_OWN.exec(model)?.[1] ?? model;
}

const PLACES = /^(?:us|eu|us-gov|apac|jp|au|ca|sa|me|af|global)\./;

/**
 * Whose words a model's own requests are in: `anthropic`, `meta`, …, and for Amazon's `amazon.nova` and `amazon.titan`. Undefined
 * for what only the account knows.
 */
export function familyOf(model: string): string | undefined {
  const [maker, rest] = model.replace(PLACES, '').split('.');
  if (maker === undefined || rest === undefined || maker.includes('/')) return undefined;
  return maker === 'amazon' ? `amazon.${rest.split('-')[0]}` : maker;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

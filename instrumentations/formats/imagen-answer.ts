/** What Imagen answers: predictions, of which those with a picture in them are billed. */
import type { RequestFacts, ResponseFacts } from './format.ts';
import { conclude, errorOf, isObject, type Json, type Seen, type UsageReport } from './read.ts';

export function response(body: unknown, request: RequestFacts): ResponseFacts {
  const seen: Seen = { outputBytes: 0 };
  if (isObject(body)) {
    seen.error = errorOf(body.error);
    seen.report = usageOf(body);
  }
  // What cannot be read has been painted all the same, as far as anybody knows.
  if (seen.error === undefined) seen.known = request.estimate;
  return conclude(seen, request);
}

/** What stands beside the predictions. */
const ABOUT: ReadonlySet<string> = new Set([
  'deployedModelId',
  'model',
  'modelVersionId',
  'modelDisplayName',
  'metadata',
]);

/** Where every picture was filtered and nobody asked why, there are no predictions at all. */
function usageOf(answer: Json): UsageReport | undefined {
  const { predictions } = answer;
  if (predictions === undefined) return Object.keys(answer).every((key) => ABOUT.has(key)) ? pieces(0) : undefined;
  if (!Array.isArray(predictions)) return { invalid: 'predictions are no list' };
  let count = 0;
  for (const one of predictions) {
    if (isPicture(one)) count += 1;
    else if (!isWithoutPicture(one)) return { invalid: 'a prediction is neither a picture nor says why there is none' };
  }
  return pieces(count);
}

function pieces(count: number): UsageReport {
  return { usage: { inputTokens: 0, outputTokens: 0, ...(count > 0 && { outputImages: count }) } };
}

/** In the answer, or in the bucket that the caller named. */
function isPicture(prediction: unknown): boolean {
  return isObject(prediction) && (isText(prediction.bytesBase64Encoded) || isText(prediction.gcsUri));
}

/** One that was filtered ("You will not be charged for blocked images", as its reason ends), or what is said of the prompt. */
function isWithoutPicture(prediction: unknown): boolean {
  if (!isObject(prediction)) return false;
  const { raiFilteredReason, safetyAttributes } = prediction;
  return isText(raiFilteredReason) || isObject(safetyAttributes);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0;
}

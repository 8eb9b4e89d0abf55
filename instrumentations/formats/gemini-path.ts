/**
 * Google names the model in the URL's path:
 *
 *   /v1beta/models/gemini-2.5-flash:generateContent                                            Gemini API
 *   /v1beta/tunedModels/my-model:generateContent
 *   /v1/projects/P/locations/L/publishers/google/models/gemini-2.5-flash:generateContent       Vertex AI
 *   /v1/projects/P/locations/L/endpoints/1234:generateContent                                  a tuned model there
 */

const PLACE = /^(.*\/)(models|tunedModels|endpoints)\/([^/]+)(:[A-Za-z]+)$/;

export interface GooglePath {
  /** The bare id (`gemini-2.5-flash`); tuned models keep their collection (`endpoints/1234`). */
  model: string;
  /** Such as `generateContent`. */
  verb: string;
}

export function googlePath(path: string): GooglePath | undefined {
  const match = PLACE.exec(path);
  if (!match) return undefined;
  const [, , collection, id, verb] = match as unknown as [string, string, string, string, string];
  const model = decoded(id);
  return { model: collection === 'models' ? model : `${collection}/${model}`, verb: verb.slice(1) };
}

export function modelIn(path: string | undefined): string {
  return (path === undefined ? undefined : googlePath(path)?.model) ?? 'unknown';
}

/** The same path with another of Google's models in it; tuned models give way to one of the catalogue. */
export function withModel(path: string, model: string | undefined): string {
  const match = model === undefined ? undefined : PLACE.exec(path);
  if (!match || model === undefined) return path;
  const [, before, collection, , verb] = match as unknown as [string, string, string, string, string];
  const publisher = collection === 'endpoints' ? 'publishers/google/' : '';
  return `${before}${publisher}models/${encodeURIComponent(bare(model)).replaceAll('%40', '@')}${verb}`;
}

/** Whether its predictions are pictures, billed by the piece. */
export function isImagen(model: string): boolean {
  return model.startsWith('imagen');
}

/** Without the collections before it: `models/`, `publishers/google/models/`. */
export function bare(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1);
}

/** An error as Google's APIs write it. */
export function denial(message: string, details: object): object {
  return { error: { code: 402, message, status: 'PAYMENT_REQUIRED', details: [details] } };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

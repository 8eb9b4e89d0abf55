/** What the formats of Vercel's AI Gateway share, as `ai` speaks to it where a model is named by a string alone. */
import type { Rewrite } from './format.ts';
import { name } from './read.ts';

/** The model is named in a header, which stands at the end of the path: `/v4/ai/language-model/openai/gpt-4.1`. */
export function modelAfter(end: string, path: string | undefined): string | undefined {
  const at = path?.lastIndexOf(end) ?? -1;
  return at < 0 ? undefined : name(path?.slice(at + end.length));
}

export function renamedAfter(end: string, path: string, { model }: Rewrite): string {
  const before = modelAfter(end, path);
  if (model === undefined || before === undefined) return path;
  return path.slice(0, path.length - before.length) + model;
}

/** Its SDK takes what it does not know for a failure of the server. */
export function denial(message: string, details: object): object {
  return { error: { ...details, type: 'forbidden', message } };
}

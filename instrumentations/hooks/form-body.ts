/**
 * Request bodies that are forms. Their texts are read and their files are not, only what these say of themselves; and a form is never changed: where
 * a field has to be another, a new one is made of the same files.
 */
import { formFile, unseenForm } from '../formats/form.ts';

export interface ReadForm {
  /** Fields by name, as `formats/form.ts` has them. */
  body: object;
  /** Of texts and files, without what lies between them. */
  bytes: number;
}

/** Also those of other packages, which undici's own `fetch` and old ones take. */
export function isForm(body: unknown): body is FormData {
  return (
    typeof body === 'object' &&
    body !== null &&
    (body as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'FormData'
  );
}

export function readForm(form: FormData): ReadForm {
  const fields = new Map<string, unknown>();
  let bytes = 0;
  for (const [key, value] of form.entries()) {
    const read = typeof value === 'string' ? value : formFile(value.size, value.type, value.name);
    bytes += typeof value === 'string' ? Buffer.byteLength(value) : value.size;
    const name = nameOf(key);
    const earlier = fields.get(name);
    fields.set(name, earlier === undefined ? read : [earlier, read].flat());
  }
  return { body: Object.fromEntries(fields), bytes };
}

/** A body that is sent as it is read, of which only the SDK that made it may know the model. */
export function readUnseenForm(model: unknown): ReadForm {
  return { body: unseenForm(typeof model === 'string' ? model : undefined), bytes: 0 };
}

/** The form, or one like it with those texts in it that `after` has and `before` has not. */
export function formWith(form: FormData, before: object, after: object): FormData {
  const changed = changedTexts(before, after);
  if (changed.size === 0) return form;
  const next = new (form.constructor as typeof FormData)();
  for (const [key, value] of form.entries()) {
    const text = changed.get(nameOf(key));
    if (text === undefined) next.append(key, value);
    else if (!next.has(key)) next.append(key, text);
  }
  for (const [name, text] of changed) if (!next.has(name)) next.append(name, text);
  return next;
}

function changedTexts(before: object, after: object): Map<string, string> {
  const old = before as Record<string, unknown>;
  const entries = Object.entries(after).filter(([name, value]) => value !== old[name]);
  return new Map(
    entries.filter(([, value]) => ['string', 'number'].includes(typeof value)).map(([n, v]) => [n, `${v}`]),
  );
}

/** SDKs write a field that comes several times as `image[]`. */
function nameOf(key: string): string {
  return key.endsWith('[]') ? key.slice(0, -2) : key;
}

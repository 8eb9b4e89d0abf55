/**
 * Forms (`multipart/form-data`) as formats see them: an object of fields, in which a file is its size and what it says it
 * is. Fields are texts, so that numbers and flags are read from texts as well.
 */
import { isCount, isObject, type Json, limit } from './read.ts';

export interface FormFile {
  file: true;
  /** Absent for one that is sent as it is read. */
  bytes?: number;
  /** Its media type and the ending of its name, as far as they are said; its name is nobody's business. */
  kind: string;
}

export function formFile(bytes: number, type: string, name: string): FormFile {
  return { file: true, bytes, kind: `${type} ${/\.(\w{1,8})$/.exec(name)?.[1] ?? ''}`.trim().toLowerCase() };
}

function isFormFile(value: unknown): value is FormFile {
  if (!isObject(value) || value.file !== true || typeof value.kind !== 'string') return false;
  return value.bytes === undefined || isCount(value.bytes);
}

/** The files of a field, which may come once or several times. */
export function filesOf(value: unknown): FormFile[] {
  return (Array.isArray(value) ? value : [value]).filter(isFormFile);
}

/** A form that is sent as it is read, so that its fields are not known: the SDK may have said the model. */
export function unseenForm(model: string | undefined): Json {
  return model === undefined ? { unseen_form: true } : { unseen_form: true, model };
}

export function isUnseen(body: Json): boolean {
  return body.unseen_form === true;
}

export function limitOf(value: unknown): number | undefined {
  return limit(typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value);
}

export function isYes(value: unknown): boolean {
  return value === true || value === 'true';
}

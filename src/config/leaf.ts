/** The building blocks of shapes: how a text is read, and what an editor is told about it. */
import { z } from 'zod';
import { suggest } from './nearest.ts';

/** The outcome of reading one text: a value, or what is wrong with it and what would mend it. */
export type Read<T> = { value: T } | { wrong: string; mend: string; code?: string };

/** A scalar read from its source text; `json` is its part of the editor's schema. */
export function leaf<T>(expected: string, json: Record<string, unknown>, read: (text: string) => Read<T>) {
  return z
    .string({ error: (issue) => expectation(issue.input, expected) })
    .transform((text, context) => {
      const outcome = read(text);
      if ('value' in outcome) return outcome.value;
      const { wrong, mend, code = 'value' } = outcome;
      context.addIssue({ code: 'custom', message: wrong, params: { mend, code } });
      return z.NEVER;
    })
    .meta(json);
}

/** One of several shapes that differ in kind (text, list, map), so that only the one meant complains. */
export function either<const S extends readonly [z.ZodType, z.ZodType, ...z.ZodType[]]>(expected: string, shapes: S) {
  return z.union(shapes, { error: (issue) => expectation(issue.input, expected) });
}

export function list<S extends z.ZodType>(item: S, expected: string, most = 1000) {
  return z
    .array(item, { error: (issue) => (issue.code === 'invalid_type' ? expectation(issue.input, expected) : undefined) })
    .max(most, { error: () => encode({ wrong: `more than ${most} entries`, mend: 'remove some', code: 'too-many' }) });
}

/** A scalar or a list of them; always a list afterwards. */
export function oneOrMany<S extends z.ZodType>(item: S, expected: string, options: { least?: number } = {}) {
  const many = list(item, expected).min(options.least ?? 0, {
    error: () => encode({ wrong: 'is an empty list', mend: `give ${expected}`, code: 'missing' }),
  });
  return either(`${expected} or a list of them`, [item.transform((one) => [one]), many]).transform(
    (values) => values as z.output<S>[],
  );
}

/** A map with known keys only. `noun` is what a key is called in the complaint. */
export function map<S extends z.ZodRawShape>(shape: S, expected: string, noun = 'key') {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? encode({ noun, known }) : expectation(issue.input, expected),
  });
}

/** A map whose keys the user chooses; `wrongKey` says what is wrong with one. */
export function dictionary<V extends z.ZodType>(
  value: V,
  expected: string,
  wrongKey: (key: string) => { wrong: string; mend: string; code?: string } | undefined = () => undefined,
) {
  const key = z.string().superRefine((name, context) => {
    const problem = wrongKey(name);
    if (!problem) return;
    const { wrong, mend, code = 'value' } = problem;
    context.addIssue({ code: 'custom', message: wrong, params: { mend, code } });
  });
  return z.record(key, value, { error: (issue) => expectation(issue.input, expected) });
}

export function text(expected = 'a text', longest = 256) {
  return leaf(expected, { type: ['string', 'number', 'boolean'] }, (value): Read<string> => {
    if (value.trim() === '') return { wrong: 'is empty', mend: `write ${expected}` };
    if (value.length <= longest) return { value };
    return { wrong: `is longer than ${longest} characters`, mend: 'shorten it' };
  });
}

export function flag() {
  return leaf('true or false', { type: 'boolean' }, (value): Read<boolean> => {
    if (value === 'true' || value === 'false') return { value: value === 'true' };
    return { wrong: `${quote(value)} is neither true nor false`, mend: 'write true or false' };
  });
}

/** One word of a few, with the nearest suggested. `refused` holds what to say of words that are known and not meant. */
export function word<const W extends string>(
  words: readonly W[],
  noun: string,
  refused: Readonly<Record<string, { wrong: string; mend: string; code: string }>> = {},
) {
  return leaf(`one of ${words.join(', ')}`, { enum: words }, (value): Read<W> => {
    if ((words as readonly string[]).includes(value)) return { value: value as W };
    if (Object.hasOwn(refused, value)) return refused[value]!;
    return { wrong: `unknown ${noun} ${quote(value)}`, mend: suggest(value, words, `use one of ${words.join(', ')}`) };
  });
}

/** For words of the documents that nothing enforces yet. */
export function unsupported(what: string, mend: string) {
  return { wrong: `${what} is not supported by this version`, mend, code: 'unsupported' };
}

/** A whole number within bounds. */
export function whole(noun: string, least: number, most: number) {
  const json = { type: ['integer', 'string'], minimum: least, maximum: most, pattern: '^\\d[\\d_]*$' };
  return leaf('a whole number', json, (value): Read<number> => {
    const mend = `use ${least} to ${most}`;
    if (!/^\d[\d_]{0,20}$/.test(value)) return { wrong: `${noun} ${quote(value)} is not a whole number`, mend };
    const number = Number(value.replaceAll('_', ''));
    if (number >= least && number <= most) return { value: number };
    return { wrong: `${noun} ${value} is too ${number < least ? 'small' : 'large'}`, mend };
  });
}

/** A text as it may stand in a message: quoted, control characters escaped, cut when long. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}

/** What a message carries from a shape's error function to `issues.ts`; zod has room for a text only. */
export type Encoded = { wrong: string; mend: string; code: string } | { noun: string; known: readonly string[] };

export function encode(content: Encoded): string {
  return `\u0001${JSON.stringify(content)}`;
}

export function decode(message: string): Encoded | undefined {
  return message.startsWith('\u0001') ? (JSON.parse(message.slice(1)) as Encoded) : undefined;
}

function expectation(input: unknown, expected: string): string {
  if (input === undefined) return encode({ wrong: 'is missing', mend: `give ${expected}`, code: 'missing' });
  if (input === null) return encode({ wrong: 'is empty', mend: `give ${expected}`, code: 'missing' });
  // The value itself is not repeated: under `keys` and `tokens` it may be a secret.
  const found = Array.isArray(input) ? 'a list' : typeof input === 'object' ? 'a map' : 'a text';
  return encode({ wrong: `is ${found}`, mend: `give ${expected}`, code: 'shape' });
}

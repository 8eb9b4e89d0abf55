/**
 * Where a text stops being JSON. V8's own message names the place only for some mistakes and quotes the text for
 * others; bodies are not quoted here, because they end up in logs.
 */
export interface JsonMistake {
  /** 0-based; line and column are 1-based. */
  offset: number;
  line: number;
  column: number;
  expected: string;
}

type Expectation = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'object-end' | 'array-end' | 'end';
const NAMES: Readonly<Record<Expectation, string>> = {
  value: 'a value',
  'first-value': 'a value or "]"',
  key: 'a property name in double quotes',
  'first-key': 'a property name in double quotes or "}"',
  colon: '":"',
  'object-end': '"," or "}"',
  'array-end': '"," or "]"',
  end: 'the end of the body',
};

type Bracket = '{' | '[';
/** `"` for a string and `0` for a number or word; anything else stands for itself. */
type Token = { kind: string; end: number } | { badAt: number; expected: string } | undefined;

/** The first mistake; `undefined` when the text is JSON after all. */
export function locateJsonMistake(text: string): JsonMistake | undefined {
  const open: Bracket[] = [];
  let expected: Expectation = 'value';
  let offset = 0;
  for (;;) {
    offset = skipSpace(text, offset);
    if (expected === 'end') return offset === text.length ? undefined : place(text, offset, NAMES.end);
    const token = read(text, offset);
    if (token && 'badAt' in token) return place(text, token.badAt, token.expected);
    const next: Expectation | undefined = token && step(expected, open, token.kind);
    if (!token || !next) return place(text, offset, NAMES[expected]);
    offset = token.end;
    expected = next;
  }
}

function skipSpace(text: string, from: number): number {
  let offset = from;
  while (offset < text.length && ' \t\n\r'.includes(text.charAt(offset))) offset++;
  return offset;
}

const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

function read(text: string, offset: number): Token {
  const first = text.charAt(offset);
  if (first === '"') return readString(text, offset);
  if (first !== '' && '{}[],:'.includes(first)) return { kind: first, end: offset + 1 };
  SCALAR.lastIndex = offset;
  return SCALAR.test(text) ? { kind: '0', end: SCALAR.lastIndex } : undefined;
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function readString(text: string, start: number): Token {
  for (let offset = start + 1; offset < text.length; offset++) {
    const character = text.charAt(offset);
    if (character === '"') return { kind: '"', end: offset + 1 };
    if (character < ' ') return { badAt: offset, expected: 'control characters in a string to be escaped' };
    if (character !== '\\') continue;
    ESCAPE.lastIndex = offset;
    if (!ESCAPE.test(text)) return { badAt: offset, expected: 'a valid escape' };
    offset = ESCAPE.lastIndex - 1;
  }
  return { badAt: text.length, expected: 'the closing quote of a string' };
}

/** What may follow a token; `undefined` when the token itself may not stand here. */
function step(expected: Expectation, open: Bracket[], kind: string): Expectation | undefined {
  if (kind === '}' || kind === ']') return close(expected, open, kind);
  if (expected === 'value' || expected === 'first-value') return value(open, kind);
  if (expected === 'key' || expected === 'first-key') return kind === '"' ? 'colon' : undefined;
  if (expected === 'colon') return kind === ':' ? 'value' : undefined;
  if (kind !== ',') return undefined;
  return expected === 'object-end' ? 'key' : 'value';
}

function value(open: Bracket[], kind: string): Expectation | undefined {
  if (kind === '{' || kind === '[') {
    open.push(kind);
    return kind === '{' ? 'first-key' : 'first-value';
  }
  return kind === '"' || kind === '0' ? after(open) : undefined;
}

function close(expected: Expectation, open: Bracket[], kind: '}' | ']'): Expectation | undefined {
  const fitting: readonly Expectation[] = kind === '}' ? ['first-key', 'object-end'] : ['first-value', 'array-end'];
  if (!fitting.includes(expected)) return undefined;
  open.pop();
  return after(open);
}

function after(open: readonly Bracket[]): Expectation {
  const last = open.at(-1);
  if (last === undefined) return 'end';
  return last === '{' ? 'object-end' : 'array-end';
}

function place(text: string, offset: number, expected: string): JsonMistake {
  const before = text.slice(0, offset);
  return { offset, line: before.split('\n').length, column: offset - before.lastIndexOf('\n'), expected };
}

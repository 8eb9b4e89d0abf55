/** Loads the recorded calls of test/recordings: one JSON file per case, with the stream beside it as it came over the wire. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Format, ResponseFacts } from '../../../instrumentations/formats/format.ts';
import type { UsageBound } from '../../../src/domain/usage.ts';

const ROOT = new URL('../../recordings/', import.meta.url);

export interface Recording {
  format: string;
  case: string;
  shows: string;
  /** The pathname, where the format reads the model from it. */
  path?: string;
  request: object;
  /** Of the answer, where the format reads counts in them. */
  headers?: Record<string, string>;
  /** The whole answer, or the events of the stream. */
  response?: unknown;
  events?: unknown[];
  expect: {
    model: string;
    stream: boolean;
    /** Without its input tokens, which follow from the bytes. */
    bound: Omit<UsageBound, 'inputTokens'>;
    /** Events that would not have come unasked. */
    extraEvents?: number;
    facts: ResponseFacts;
  };
}

export function bytes(body: unknown): number {
  return Buffer.byteLength(JSON.stringify(body));
}

/** The JSON events of a server-sent stream, without the `[DONE]` at its end. */
export function parseEvents(text: string): unknown[] {
  return text
    .split(/\r?\n\r?\n/)
    .flatMap((block) => block.split(/\r?\n/).filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice('data: '.length))
    .filter((data) => data !== '[DONE]')
    .map((data) => JSON.parse(data));
}

/** The lines of a stream of JSON lines (`.jsonl`). */
function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function load(format: string, file: string): Recording {
  const recording = JSON.parse(readFileSync(new URL(`${format}/${file}`, ROOT), 'utf8'));
  const stream = new URL(`${format}/${file.replace(/json$/, 'sse')}`, ROOT);
  const lines = new URL(`${format}/${file}l`, ROOT);
  const events = existsSync(stream)
    ? { events: parseEvents(readFileSync(stream, 'utf8')) }
    : existsSync(lines) && { events: parseLines(readFileSync(lines, 'utf8')) };
  return { ...recording, ...events, format, case: file.replace(/\.json$/, '') };
}

export const RECORDINGS: readonly Recording[] = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(new URL(`${name}/`, ROOT))
      .filter((file) => file.endsWith('.json'))
      .map((file) => load(name, file)),
  );

const OPERATIONS_IN_ONE_PIECE: ReadonlySet<string> = new Set(['embeddings', 'rerank', 'batch']);

/** Whether it answers in one piece, whatever it is asked. */
export function isInOnePiece({ id, operation }: Format): boolean {
  return OPERATIONS_IN_ONE_PIECE.has(operation) || id === 'imagen';
}

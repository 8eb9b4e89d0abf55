import type { z } from 'zod';
import { problem } from './problem.ts';
import type { Reply } from './route.ts';

export interface Mistake {
  pointer: string;
  detail: string;
}

/** A body full of mistakes is answered with the first of them. */
const MAX_MISTAKES = 50;

/** Every mistake of a value, each with its JSON pointer (RFC 6901); what was sent is never repeated. */
export function mistakesOf(error: z.ZodError): Mistake[] {
  return error.issues.flatMap(mistakesOfIssue).slice(0, MAX_MISTAKES);
}

function mistakesOfIssue(issue: z.core.$ZodIssue): Mistake[] {
  const pointer = pointerOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: `${pointer}${pointerOf([key])}`, detail: 'is not a known property' }));
  }
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [{ pointer, detail: missing ? 'is required' : issue.message }];
}

export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** One line for people: `/bound/input_tokens: Too small…; …`. */
export function describeMistakes(mistakes: readonly Mistake[]): string {
  return mistakes.map(({ pointer, detail }) => (pointer ? `${pointer}: ${detail}` : detail)).join('; ');
}

/** 422 with every mistake of a body. */
export function invalidBody(error: z.ZodError): Reply {
  const mistakes = mistakesOf(error);
  return problem(422, 'invalid-request', describeMistakes(mistakes), { extra: { errors: mistakes } });
}

/** 422 with every mistake of a query, each with the parameter's name. */
export function invalidQuery(error: z.ZodError): Reply {
  const mistakes = mistakesOf(error).map(({ pointer, detail }) => ({ parameter: pointer.slice(1), detail }));
  const detail = mistakes.map((mistake) => `${mistake.parameter}: ${mistake.detail}`).join('; ');
  return problem(422, 'invalid-request', detail, { extra: { errors: mistakes } });
}

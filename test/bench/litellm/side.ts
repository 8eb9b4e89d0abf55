/** What the two have in common for the one that drives them. */
import { type Child, type Children, describeEnding, type Ending, type Program } from '../../../demo/children.ts';

/** How a client process calls under one budget. */
export interface Access {
  /** Arguments of node. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** USD that it says were spent; asked until it no longer changes. */
  reported(): Promise<number>;
  /** Ends what was started for this budget alone. */
  end(): Promise<void>;
}

export interface Side {
  name: string;
  open(): Promise<void>;
  /** A budget of its own of so many USD. */
  budget(usd: number): Promise<Access>;
  /** `kill -9` of the one that decides, and another in its place; resolves when that one answers. */
  killAndRestart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a program and waits until it says, or answers, that it is there. */
export async function startUntil(
  children: Children,
  program: Program,
  isThere: (line: string) => boolean | Promise<boolean>,
): Promise<Child> {
  const there = Promise.withResolvers<void>();
  const said: string[] = [];
  const child = children.start({
    ...program,
    onLine: (line, stream) => {
      program.onLine?.(line, stream);
      if (said.push(line) > LAST_LINES) said.shift();
      Promise.resolve(isThere(line)).then((yes) => yes && there.resolve(), there.reject);
    },
  });
  void child.ended.then((ending) => there.reject(endedEarly(program, ending, said)));
  await there.promise;
  return child;
}

/** Polls an address until it answers well. Errors: throws after `patienceMs`. */
export async function answers(url: string, patienceMs: number): Promise<void> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const reply = await fetch(url).catch(() => undefined);
    if (reply?.ok) return;
    if (Date.now() > until) throw new Error(`${url} did not answer within ${patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Everything that a program said. Errors: throws with its last lines when it fails. */
export async function runToEnd(children: Children, program: Program): Promise<string> {
  const lines: string[] = [];
  const child = children.start({ ...program, onLine: (line) => void lines.push(line) });
  const ending = await child.ended;
  if (ending.code !== 0) throw endedEarly(program, ending, lines.slice(-LAST_LINES));
  return lines.join('\n');
}

const LAST_LINES = 12;

function endedEarly({ name }: Program, ending: Ending, said: readonly string[]): Error {
  return new Error(`${name} ended with ${describeEnding(ending)}:\n${said.join('\n')}`);
}

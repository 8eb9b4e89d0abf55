/**
 * Processes that the demo starts, and ends by their ids. Each is the head of a session of its own, so that Ctrl-C at the
 * terminal reaches the demo alone, which then ends them in order; a guard ends them should the demo be killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Program {
  name: string;
  command: string;
  args: readonly string[];
  /** Its whole environment, besides PATH: no key or setting of whoever runs the demo gets through. */
  env?: Readonly<Record<string, string>>;
  /** A file for its output. Without it, lines go to `onLine`. */
  log?: string;
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly living: boolean;
  /** It was told to end. */
  readonly stopping: boolean;
  /** When all its output has been read, too. */
  readonly ended: Promise<Ending>;
  kill(): Promise<Ending>;
  /** SIGTERM, and SIGKILL after 5 s. */
  stop(): Promise<Ending>;
  /** The end of its log. */
  lastWords(): string;
}

const ROOT = join(import.meta.dirname, '..');
const PATIENCE_MS = 5_000;

export class Children {
  readonly #children = new Set<Child>();
  readonly #guard: ChildProcess;
  #closed = false;

  /** `temporary`: a folder that goes when the demo does. */
  constructor(temporary?: string) {
    this.#guard = spawn(process.execPath, [join(import.meta.dirname, 'guard.mjs')], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: {},
    });
    this.#guard.on('error', () => undefined);
    this.#guard.stdin?.on('error', () => undefined);
    if (temporary !== undefined) this.#tell(`rm ${temporary}`);
  }

  start(program: Program): Child {
    if (this.#closed) throw new Error(`the demo ends, so ${program.name} is not started`);
    const child = launch(program);
    this.#tell(`+${child.pid}`);
    const handle = handleOf(program, child);
    this.#children.add(handle);
    void handle.ended.then(() => {
      this.#tell(`-${child.pid}`);
      this.#children.delete(handle);
    });
    return handle;
  }

  /** Resolves when nothing is left; nothing starts after it. */
  async stopAll(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#children].map((child) => child.stop()));
    if (this.#guard.exitCode !== null || this.#guard.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#guard.once('exit', resolve));
    this.#guard.stdin?.end();
    await gone;
  }

  #tell(line: string): void {
    this.#guard.stdin?.write(`${line}\n`);
  }
}

function launch({ name, command, args, env, log, onLine }: Program): ChildProcess {
  const out = log === undefined ? 'pipe' : openSync(log, 'a');
  try {
    const child = spawn(command, args, {
      cwd: ROOT,
      detached: true,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', out, out],
    });
    // Where it could not be started at all, the missing pid says so below.
    child.on('error', () => undefined);
    for (const stream of ['stdout', 'stderr'] as const) {
      const input = child[stream];
      if (input) createInterface({ input }).on('line', (line) => onLine?.(line, stream));
    }
    if (child.pid === undefined) throw new Error(`${name} could not be started: is ${command} there?`);
    return child;
  } finally {
    if (typeof out === 'number') closeSync(out);
  }
}

function handleOf({ name, log }: Program, child: ChildProcess): Child {
  let stopping = false;
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const living = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<Ending> => {
    stopping = true;
    if (living()) child.kill(signal);
    const impatience = setTimeout(() => living() && child.kill('SIGKILL'), PATIENCE_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(impatience);
    }
  };
  return {
    name,
    get living() {
      return living();
    },
    get stopping() {
      return stopping;
    },
    ended,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    lastWords: () => (log === undefined ? '' : tail(readFileSync(log, 'utf8'))),
  };
}

const LAST_LINES = 12;

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}

/** `exit code 1`, `SIGKILL`. */
export function describeEnding({ code, signal }: Ending): string {
  return signal ?? `exit code ${code}`;
}

/** Whether a command is on the PATH. */
export function isInstalled(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

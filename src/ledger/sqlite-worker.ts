/** The thread that owns the file. It takes whatever has arrived as one batch, and runs long reads between batches. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { LedgerOpenError } from './errors.ts';
import { type Call, Core, type Job, type Reply } from './sqlite/core.ts';
import { explain, openError } from './sqlite/errors.ts';
import { decodeCalls, encodeReplies, type Message } from './sqlite/message.ts';

const port = parentPort!;
const waiting: Call[] = [];
const jobs: Job[] = [];
let scheduled = false;

/** Without the warning that node:sqlite is experimental, which Node 22 prints; every other warning stays. */
function loadSqlite(): typeof import('node:sqlite') {
  const emit = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite')) emit.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emit;
  }
}

function start(): Core | undefined {
  try {
    const core = new Core(loadSqlite().DatabaseSync, workerData);
    port.postMessage({ opened: true });
    return core;
  } catch (cause) {
    const error = openError(cause, workerData.path);
    const reason = error instanceof LedgerOpenError ? error.reason : 'cannot_open';
    port.postMessage({ opened: false, reason, message: error.message });
    return undefined;
  }
}

const core = start();
if (core) {
  port.on('message', (message: Message | 'close') => {
    accept(message);
    work(core);
  });
}

let closing = false;

/** Messages taken since the last answer: the other side counts what is under way. */
let taken = 0;

function accept(message: Message | 'close'): void {
  if (message === 'close') closing = true;
  else {
    taken += 1;
    waiting.push(...decodeCalls(message));
  }
}

function answer(replies: Reply[]): void {
  port.postMessage(encodeReplies(taken, replies));
  taken = 0;
}

function work(core: Core): void {
  for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port)) accept(more.message);
  const calls = waiting.splice(0);
  if (calls.length > 0) {
    const done = core.run(calls);
    jobs.push(...done.jobs);
    answer(done.replies);
    core.care();
    const lost = core.takeLost();
    if (lost) port.postMessage({ lost });
  }
  runSlice();
  if (jobs.length > 0) again(core);
  else if (closing) end(core);
}

/** One slice of the oldest job. */
function runSlice(): void {
  const job = jobs[0];
  if (!job) return;
  const reply = advance(job);
  if (!reply) return;
  jobs.shift();
  answer([reply]);
}

function advance({ id, slices }: Job): Reply | undefined {
  try {
    const slice = slices.next();
    return slice.done ? { id, value: slice.value } : undefined;
  } catch (error) {
    return { id, failure: { name: 'LedgerUnavailable', message: explain(error, workerData.path) } };
  }
}

function again(core: Core): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    work(core);
  });
}

function end(core: Core): void {
  core.close();
  port.postMessage('closed');
  port.close();
}

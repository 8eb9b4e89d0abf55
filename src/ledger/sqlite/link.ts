import { Worker } from 'node:worker_threads';
import { LedgerLocked, LedgerOpenError } from '../errors.ts';
import { LedgerUnavailable } from '../ledger.ts';
import type { Call, CoreOptions, Lost, OperationName, Reply } from './core.ts';
import { type Answer, decodeReplies, encodeCalls } from './message.ts';
import type { Operations } from './operations.ts';

type Result<T> = T extends Generator<unknown, infer R> ? R : T;
type ResultOf<N extends OperationName> = Result<ReturnType<Operations[N]>>;

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * How many messages may be under way. What comes while one is being committed waits and goes together, so that messages and
 * commits grow larger under load instead of more: a commit takes as much of a core as five attempts. A second one behind it
 * would spare the thread a pause, and halve the groups.
 */
const MOST_UNDER_WAY = 1;

/** The calling thread's end of the worker: at most one message a tick there, one a commit back. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #waiters = new Map<number, Waiter>();
  #outgoing: Call[] = [];
  #lastId = 0;
  #underWay = 0;
  #sending = false;
  #ended: string | undefined;
  #closed: Promise<void> | undefined;

  private constructor(worker: Worker, onLost: (lost: Lost) => void) {
    this.#worker = worker;
    worker.on('message', (message: Answer | { lost: Lost } | 'closed') => {
      if (message === 'closed') return;
      if ('lost' in message) {
        onLost(message.lost);
        return;
      }
      this.#underWay -= message.taken;
      for (const reply of decodeReplies(message)) this.#answer(reply);
      if (message.taken > 0) this.#sendSoon();
    });
    worker.on('error', (error) => this.#die(`the ledger's thread failed: ${error.message}`, onLost));
    worker.on('exit', () => this.#die("the ledger's thread ended", onLost));
    worker.unref();
  }

  /** Errors: `LedgerOpenError`, `LedgerLocked`. */
  static async open(url: URL, options: CoreOptions, onLost: (lost: Lost) => void): Promise<WorkerLink> {
    // Nothing that this process preloads (hooks, instrumentation) belongs into the ledger's thread.
    const worker = new Worker(url, { workerData: options, execArgv: [], name: 'spendfuse-ledger' });
    const { promise, resolve, reject } = Promise.withResolvers<Opened>();
    worker.once('message', resolve);
    worker.once('error', reject);
    const left = () => reject(new LedgerUnavailable("the ledger's thread ended before it had opened the file"));
    worker.once('exit', left);
    const opened = await promise;
    worker.off('error', reject).off('exit', left);
    if (opened.opened) return new WorkerLink(worker, onLost);
    await worker.terminate();
    throw opened.reason === 'locked'
      ? new LedgerLocked(opened.message)
      : new LedgerOpenError(opened.reason, opened.message);
  }

  call<N extends OperationName>(name: N, ...args: Parameters<Operations[N]>): Promise<ResultOf<N>> {
    if (this.#ended !== undefined) return Promise.reject(new LedgerUnavailable(this.#ended));
    if (this.#closed) return Promise.reject(new LedgerUnavailable('the ledger is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#lastId += 1;
    this.#outgoing.push({ id: this.#lastId, name, args });
    this.#sendSoon();
    // A waiting call keeps the process alive; an idle ledger does not.
    if (this.#waiters.size === 0) this.#worker.ref();
    this.#waiters.set(this.#lastId, { resolve, reject });
    return promise as Promise<ResultOf<N>>;
  }

  /** Answers what is under way, writes a checkpoint, gives the file free. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#underWay = 0;
    this.#send();
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.ref();
    this.#worker.postMessage('close');
    await exited;
  }

  #sendSoon(): void {
    if (this.#sending || this.#outgoing.length === 0 || this.#underWay >= MOST_UNDER_WAY) return;
    this.#sending = true;
    setImmediate(() => {
      this.#sending = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#outgoing.length === 0 || this.#ended !== undefined || this.#underWay >= MOST_UNDER_WAY) return;
    const calls = this.#outgoing;
    this.#outgoing = [];
    this.#underWay += 1;
    this.#worker.postMessage(encodeCalls(calls));
  }

  #answer(reply: Reply): void {
    const waiter = this.#waiters.get(reply.id);
    this.#waiters.delete(reply.id);
    if (this.#waiters.size === 0 && !this.#closed) this.#worker.unref();
    if (!waiter) return;
    if (!('failure' in reply)) waiter.resolve(reply.value);
    else if (reply.failure.name === 'RangeError') waiter.reject(new RangeError(reply.failure.message));
    else waiter.reject(new LedgerUnavailable(reply.failure.message));
  }

  /** What was under way may be committed or not; who asks again is told. */
  #die(why: string, onLost: (lost: Lost) => void): void {
    if (this.#ended !== undefined) return;
    this.#end(this.#closed ? 'the ledger is closed' : `${why}; it is opened again`);
    if (!this.#closed) onLost({ why: `${why}; it is opened again`, damaged: false });
  }

  #end(why: string): void {
    this.#ended ??= why;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    this.#outgoing = [];
    for (const waiter of waiters) waiter.reject(new LedgerUnavailable(this.#ended));
  }
}

type Opened = { opened: true } | { opened: false; reason: LedgerOpenError['reason']; message: string };

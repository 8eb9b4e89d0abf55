/**
 * The process and one child of each kind (`KINDS`: worker, fork, cluster) make calls labelled with what they are, enough of them that
 * slices come, and end each in its own way. No top-level await: CommonJS requires it too.
 */
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const CALLS = 8;
const BETWEEN_MS = 60;

const who = process.env.CHILD ?? (isMainThread ? 'main' : workerData.kind);

async function calls(OpenAI) {
  const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1`, maxRetries: 0 });
  const messages = [{ role: 'user', content: 'x'.repeat(400) }];
  for (let call = 0; call < CALLS; call += 1) {
    await client.chat.completions.create({ model: `gpt-4.1-${who}`, max_tokens: 100, messages });
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}

export async function run(OpenAI, file) {
  const kinds = {
    worker: () => once(new Worker(file, { workerData: { kind: 'worker' } }), 'exit'),
    fork: () => once(fork(file, { env: { ...process.env, CHILD: 'fork' } }), 'exit'),
    cluster: () => {
      cluster.setupPrimary({ exec: file });
      return once(cluster.fork({ CHILD: 'cluster' }), 'exit');
    },
  };
  const children = who === 'main' ? Object.values(kinds).map((start) => start()) : [];
  await calls(OpenAI);
  await Promise.all(children);
  if (who === 'cluster') cluster.worker.disconnect();
  // As a script does that has done its work.
  if (who === 'fork') process.exit(0);
}

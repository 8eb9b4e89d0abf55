/** The process, a worker thread of it and a cluster child make one call each, labelled with what they are. */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import OpenAI from 'openai';

const who = cluster.isWorker ? 'child' : isMainThread ? 'main' : 'thread';
const client = new OpenAI({ apiKey: 'k', baseURL: `${process.env.PROVIDER}/v1` });
await client.chat.completions.create({ model: `gpt-4.1-${who}`, messages: [{ role: 'user', content: 'hi' }] });

if (who === 'main') {
  await once(new Worker(new URL(import.meta.url)), 'exit');
  await once(cluster.fork(), 'exit');
} else if (who === 'child') cluster.worker.disconnect();

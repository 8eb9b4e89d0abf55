/** What is asked of a server: the same attempts, asked for and settled in three ways. */
import { setTimeout } from 'node:timers/promises';
import { uuidv7 } from '../../src/client/ids.ts';
import { type Answer, Connection } from './wire-load.ts';

export const SESSION = 'bench';
/** How many attempts are under way at once. */
export const CONNECTIONS = 64;
/** As the client's journal sends settlements: when the oldest is this old, and how many at the most. */
const BATCH_AFTER_MS = 100;
const BATCH = 500;
const CONNECTIONS_OF_A_CLIENT = 8;

const ASKED = {
  session: SESSION,
  model: 'gpt-4.1',
  provider: 'openai',
  attribution: { team: 'support', workflow: 'chat', customer: 'acme' },
};
const SETTLEMENT = {
  usage: { input_tokens: 18, output_tokens: 240 },
  measured: true,
  status: 'ok',
  served_model: 'gpt-4.1',
  response_id: 'chatcmpl-B1x5vKqYVxkT3mJ4mQk0aLw8rZsTn',
};
const SETTLED = JSON.stringify(SETTLEMENT);

/** What was done in one round. */
export interface Tally {
  done: number;
  failed: number;
  /** Of requests that somebody waits for: batches are not among them. */
  milliseconds: number[];
}

export interface Pattern {
  name: string;
  /** How long each record is that an attempt makes durable, about: the bodies of its requests. Bytes. */
  records: readonly number[];
  /** How many syncs an attempt waits for. */
  syncs: number;
  run(url: string, until: AbortSignal): Promise<Tally>;
}

export const PATTERNS: readonly Pattern[] = [
  {
    name: 'reservations alone',
    records: [reservation(newId()).length],
    syncs: 1,
    run: (url, until) => inParallel(url, until, reserveOnly),
  },
  {
    name: 'pairs, settled one by one',
    records: [reservation(newId()).length, SETTLED.length],
    syncs: 2,
    run: (url, until) => inParallel(url, until, reserveAndSettle),
  },
  {
    name: 'pairs, settled in batches',
    records: [reservation(newId()).length, settlement(newId()).length],
    syncs: 1,
    run: asClients,
  },
];

type Loop = (connection: Connection, tally: Tally, until: AbortSignal) => Promise<void>;

async function inParallel(url: string, until: AbortSignal, loop: Loop): Promise<Tally> {
  const tally: Tally = { done: 0, failed: 0, milliseconds: [] };
  const connections = await openAll(url, CONNECTIONS);
  await Promise.all(connections.map((connection) => loop(connection, tally, until)));
  for (const connection of connections) connection.close();
  return tally;
}

async function reserveOnly(connection: Connection, tally: Tally, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const answer = await connection.ask('/v1/reservations', reservation(newId()));
    if (took(tally, answer, until)) tally.done += 1;
  }
}

async function reserveAndSettle(connection: Connection, tally: Tally, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const id = newId();
    if (!took(tally, await connection.ask('/v1/reservations', reservation(id)), until)) continue;
    const answer = await connection.ask(`/v1/reservations/${id}/settle`, SETTLED);
    if (took(tally, answer, until)) tally.done += 1;
  }
}

/** Clients of eight connections; each has one more for its journal. */
async function asClients(url: string, until: AbortSignal): Promise<Tally> {
  const tally: Tally = { done: 0, failed: 0, milliseconds: [] };
  const clients = Array.from({ length: CONNECTIONS / CONNECTIONS_OF_A_CLIENT }, () => asClient(url, until, tally));
  await Promise.all(clients);
  return tally;
}

async function asClient(url: string, until: AbortSignal, tally: Tally): Promise<void> {
  const queue: string[] = [];
  const [journal, ...others] = (await openAll(url, CONNECTIONS_OF_A_CLIENT + 1)) as [Connection, ...Connection[]];
  const reserving = others.map(async (connection) => {
    while (!until.aborted) {
      const id = newId();
      const answer = await connection.ask('/v1/reservations', reservation(id));
      if (took(tally, answer, until)) queue.push(settlement(id));
    }
  });
  await Promise.all([...reserving, sendJournal(journal, queue, tally, until)]);
  for (const connection of [journal, ...others]) connection.close();
}

async function sendJournal(journal: Connection, queue: string[], tally: Tally, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    if (queue.length < BATCH) await setTimeout(BATCH_AFTER_MS);
    const batch = queue.splice(0, BATCH);
    if (batch.length === 0) continue;
    const { status } = await journal.ask('/v1/settlements', `{"settlements":[${batch.join()}]}`);
    if (until.aborted) return;
    if (status === 200) tally.done += batch.length;
    else tally.failed += batch.length;
  }
}

/** Whether it was answered as it should be. What comes after the end is not counted. */
function took(tally: Tally, { status, milliseconds }: Answer, until: AbortSignal): boolean {
  if (until.aborted) return false;
  tally.milliseconds.push(milliseconds);
  if (status === 200 || status === 201) return true;
  tally.failed += 1;
  return false;
}

function openAll(url: string, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => Connection.open(url)));
}

function newId(): string {
  return uuidv7(Date.now());
}

function reservation(attempt_id: string): string {
  const bound = { input_tokens: 20, output_tokens: 800 };
  return JSON.stringify({ ...ASKED, attempt_id, call_id: attempt_id, bound });
}

function settlement(attempt_id: string): string {
  const admitted_at = new Date().toISOString();
  return JSON.stringify({ ...ASKED, ...SETTLEMENT, attempt_id, call_id: attempt_id, admitted_at, end: 'settled' });
}

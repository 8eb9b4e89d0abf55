/**
 * Stands in for Prisma's native query engine where its download host cannot be reached: node query-engine.ts -p PORT.
 *
 * It runs the WebAssembly build of the very same engine, which Prisma publishes on npm, over its PostgreSQL adapter.
 * prisma-client-py speaks the engine's GraphQL protocol, and the WebAssembly build has the JSON protocol alone, so the queries
 * are put from one into the other here and the answers back. PEER_HOME: the folder that `setup.sh` filled.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { answerOf, type JsonQuery, readSchema, toJsonQuery } from './protocol.ts';

/** The commit that prisma-client-py 0.15 asks for. */
const COMMIT = '393aa359c9ad4a4bb28630fb5613f9c281cde053';

const { values } = parseArgs({
  options: {
    port: { type: 'string', short: 'p', default: '0' },
    version: { type: 'boolean', default: false },
    'enable-metrics': { type: 'boolean' },
    'enable-raw-queries': { type: 'boolean' },
  },
});
if (values.version) {
  console.log(`query-engine ${COMMIT}`);
  process.exit(0);
}

interface Engine {
  connect(trace: string): Promise<void>;
  query(body: string, trace: string, transaction?: string): Promise<string>;
  startTransaction(options: string, trace: string): Promise<string>;
  commitTransaction(id: string, trace: string): Promise<string>;
  rollbackTransaction(id: string, trace: string): Promise<string>;
}

const load = createRequire(join(process.env.PEER_HOME ?? '', 'npm', 'package.json'));
const { parse } = load('graphql') as { parse(text: string): unknown };
const TRACE = '{}';
const datamodel = readFileSync(process.env.PRISMA_DML_PATH ?? '', 'utf8');
const schema = readSchema(datamodel);

async function openEngine(): Promise<Engine> {
  const { Pool } = load('pg');
  const { PrismaPg } = load('@prisma/adapter-pg');
  const { bindAdapter } = load('@prisma/driver-adapter-utils');
  const folder = load.resolve('@prisma/query-engine-wasm/postgresql/query_engine_bg.js');
  const glue = await import(folder);
  const bytes = readFileSync(folder.replace(/\.js$/, '.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './query_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  const url = new URL(process.env.DATABASE_URL ?? '');
  const pool = new Pool({ connectionString: url.href, max: Number(url.searchParams.get('connection_limit') ?? 10) });
  const adapter = bindAdapter(new PrismaPg(pool));
  const engine: Engine = new glue.QueryEngine(
    { datamodel, logLevel: 'error', logQueries: false },
    console.error,
    adapter,
  );
  await engine.connect(TRACE);
  return engine;
}

const engine = openEngine();

async function answer(request: IncomingMessage): Promise<unknown> {
  const { pathname } = new URL(request.url ?? '/', 'http://engine');
  if (pathname === '/status') {
    await engine;
    return { status: 'ok' };
  }
  const text = await readBody(request);
  const running = await engine;
  if (pathname === '/') return query(running, text, request.headers['x-transaction-id'] as string | undefined);
  if (pathname === '/transaction/start') return JSON.parse(await running.startTransaction(text, TRACE));
  const [, , id = '', end] = pathname.split('/');
  if (end === 'commit') return JSON.parse(await running.commitTransaction(id, TRACE));
  if (end === 'rollback') return JSON.parse(await running.rollbackTransaction(id, TRACE));
  return {};
}

async function query(running: Engine, text: string, transaction: string | undefined): Promise<unknown> {
  const asked = JSON.parse(text) as { query: string } | { batch: { query: string }[]; transaction?: boolean };
  if ('query' in asked) return send(running, toJsonQuery(parse(asked.query), schema), transaction);
  const batch = asked.batch.map((one) => toJsonQuery(parse(one.query), schema));
  return send(running, { batch, transaction: asked.transaction ? {} : undefined }, transaction);
}

async function send(running: Engine, body: JsonQuery | object, transaction: string | undefined): Promise<unknown> {
  return answerOf(JSON.parse(await running.query(JSON.stringify(body), TRACE, transaction)));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

createServer((request, response) => {
  answer(request).then(
    (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
    (error: Error) => {
      console.error(error);
      const failure = { error: String(error), user_facing_error: { message: String(error), meta: {} } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ errors: [failure] }));
    },
  );
}).listen(Number(values.port), '127.0.0.1');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));

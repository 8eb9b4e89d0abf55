/**
 * What node:http alone can do: reads a JSON body, parses it, and answers as many bytes of JSON. Without an argument it is
 * durable of nothing; with a file, what came meanwhile is appended and synced together, and answers leave after that.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Appender } from './group-commit.ts';

interface Asked {
  attempt_id?: string;
  settlements?: { attempt_id: string }[];
}

const [file] = process.argv.slice(2);
const appender = file === undefined ? undefined : new Appender(file);

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const bytes = Buffer.concat(parts);
    const asked = JSON.parse(bytes.toString('utf8')) as Asked;
    const isNew = request.url === '/v1/reservations';
    if (appender) appender.append(bytes, () => answer(response, isNew, asked));
    else answer(response, isNew, asked);
  });
});

function answer(response: ServerResponse, isNew: boolean, { attempt_id, settlements }: Asked): void {
  const body = JSON.stringify(
    isNew ? granted(attempt_id) : settlements ? { results: settlements.map(booked) } : settled(),
  );
  response
    .writeHead(isNew ? 201 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}

function granted(hold: string | undefined) {
  return { hold, decision: 'allow', amount: '6440000', expires_at: new Date().toISOString() };
}

function booked({ attempt_id }: { attempt_id: string }) {
  return { attempt_id, outcome: 'settled', cost: '1956000' };
}

function settled() {
  const line = { nano_usd_per_million: '2000000000' };
  const receipt = {
    catalogue: 'genai-prices 0.1.8 (2026-11-01)',
    source: 'genai-prices',
    provider: 'openai',
    model: 'gpt-4.1',
    status: 'exact',
    priced_at: new Date().toISOString(),
    modifiers: [],
    lines: [
      { unit: 'input_mtok', class: 'input', quantity: 18, ...line },
      { unit: 'output_mtok', class: 'output', quantity: 240, ...line },
    ],
    cost: '1956000',
  };
  return { cost: '1956000', receipt, replayed: false };
}

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

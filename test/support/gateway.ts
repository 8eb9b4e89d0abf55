/**
 * A gateway on loopback, in front of the test provider. What it adds to an answer comes with the request, in `x-answer`: headers,
 * and members of the JSON (of a stream, of its last chunk); `usage` is added to the one that is there. It sees the host that was asked for.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody, stop } from './provider.ts';

export interface Answer {
  headers?: Record<string, string>;
  body?: Record<string, unknown>;
}

export interface TestGateway {
  url: string;
  /** Hosts and paths that were asked for. */
  asked: string[];
  stop(): Promise<void>;
}

export async function startGateway(providerUrl: string): Promise<TestGateway> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { headers = {}, body = {} } = JSON.parse(String(request.headers['x-answer'] ?? '{}')) as Answer;
    asked.push(`${request.headers['x-asked-host'] ?? request.headers.host}${request.url}`);
    const step = request.headers['x-step'];
    const answer = await fetch(`${providerUrl}${request.url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(step && { 'x-step': String(step) }) },
      body: await readBody(request),
    });
    const text = await answer.text();
    const type = answer.headers.get('content-type') ?? '';
    response.writeHead(answer.status, { 'content-type': type, ...headers });
    response.end(type.includes('event-stream') ? withLast(text, body) : JSON.stringify(merged(JSON.parse(text), body)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, stop: () => stop(server) };
}

function merged(json: Record<string, unknown>, more: Record<string, unknown>): Record<string, unknown> {
  const usage = more.usage && { usage: { ...(json.usage as object), ...(more.usage as object) } };
  return { ...json, ...more, ...(usage as object) };
}

function withLast(text: string, more: Record<string, unknown>): string {
  const events = text.split('\n\n');
  const last = events.findLastIndex((event) => event.startsWith('data: {'));
  const json = JSON.parse(events[last]!.slice('data: '.length)) as Record<string, unknown>;
  return events.with(last, `data: ${JSON.stringify(merged(json, more))}`).join('\n\n');
}

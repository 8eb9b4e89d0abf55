/** What node:http alone can do: reads a JSON body, parses it, and answers as many bytes of JSON, durable of nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { attempt_id } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { attempt_id: string };
    const reply = { hold: attempt_id, decision: 'allow', amount: '6440000', expires_at: new Date().toISOString() };
    const body = JSON.stringify(reply);
    response
      .writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      .end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

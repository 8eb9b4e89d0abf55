import { createServer } from 'node:net';

/** Below what systems give to outgoing connections: while the server is away, nobody else is given its port. */
const FIRST = 20_000;
const COUNT = 10_000;

/** A port of loopback that is free now. Errors: throws when a hundred are taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port on 127.0.0.1 from ${FIRST} to ${FIRST + COUNT - 1}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

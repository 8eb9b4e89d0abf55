/** A throw in a channel would end the application: whatever is published there, and whatever is made of it, none leaves. */
import { channel } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchLeaving } from '../../../instrumentations/hooks/leaving.ts';

const CHANNELS = ['undici:request:create', 'http.client.request.start', 'http2.client.stream.created'];
const REQUEST = { method: 'GET', path: '/a?b', host: 'h', origin: 'https://h:1', headers: [], upgrade: 'WebSocket' };

test.each(CHANNELS)('%s: nothing thrown leaves it', async (name) => {
  const thrown: unknown[] = [];
  const hear = (error: unknown): void => void thrown.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', hear);
  try {
    let looked = 0;
    watchLeaving((leaving) => {
      looked++;
      leaving.host();
      leaving.headers();
      leaving.isSocket();
      throw new Error('in the look itself');
    });
    const garbage = [
      undefined,
      null,
      1,
      {},
      { request: null },
      { request: {} },
      { headers: null },
      Object.create(null),
    ];
    for (const message of [...garbage, { request: REQUEST, headers: {} }]) channel(name).publish(message);
    await setImmediate();
    expect(looked).toBeGreaterThan(0);
    expect(thrown).toEqual([]);
  } finally {
    process.off('uncaughtException', hear);
    for (const other of others) process.on('uncaughtException', other);
  }
});

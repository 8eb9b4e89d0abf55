import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startProvider } from '../support/provider.ts';
import { REGISTER, runApp } from '../support/run-app.ts';
import { startStub } from '../support/stub-server.ts';

const CHILDREN = fileURLToPath(new URL('../support/apps/children.mjs', import.meta.url));

test('a worker thread and a cluster child are sessions of their own, each ended and each settled', async () => {
  const [provider, stub] = await Promise.all([startProvider(), startStub()]);
  const env = { PROVIDER: provider.url, SPENDFUSE_ENDPOINT: stub.url };
  const ran = await runApp({ args: ['--import', REGISTER, CHILDREN], env });
  expect(ran).toMatchObject({ code: 0, stderr: '' });

  const sessions = stub.sessions.map((session) => session.session);
  expect(new Set(sessions).size).toBe(3);
  expect(new Set(stub.ended)).toEqual(new Set(sessions));
  const heard = stub.settlements.map(({ model, session }) => ({ model, at: sessions.indexOf(session) }));
  expect(heard.sort((a, b) => a.at - b.at)).toEqual([
    { model: 'gpt-4.1-main', at: 0 },
    { model: 'gpt-4.1-thread', at: 1 },
    { model: 'gpt-4.1-child', at: 2 },
  ]);
  const [main, thread, child] = stub.sessions;
  expect(thread?.pid).toBe(main?.pid);
  expect(thread?.host).not.toBe(main?.host);
  expect(child?.pid).not.toBe(main?.pid);
  await Promise.all([provider.stop(), stub.stop()]);
});

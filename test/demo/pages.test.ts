import { expect, it, onTestFinished } from 'vitest';
import { Pages } from '../../demo/pages.ts';
import { startReceivers } from '../../demo/receivers.ts';

const alert = (budget: string, name = 'SpendfuseBudgetHard', status = 'firing') => ({
  status,
  labels: { alertname: name, budget },
  annotations: { summary: `${name} of ${budget}` },
});

async function receivers() {
  const told: string[] = [];
  const pages = new Pages((receiver, { summary }) => told.push(`${receiver}: ${summary}`));
  const started = await startReceivers((page) => pages.take(page));
  onTestFinished(() => started.stop());
  const send = async (receiver: string, ...alerts: object[]) =>
    (await fetch(`${started.url}/${receiver}`, { method: 'POST', body: JSON.stringify({ receiver, alerts }) })).status;
  return { told, pages, send, url: started.url };
}

it('each alert is told once for each receiver, however often its group is sent', async () => {
  const { told, send } = await receivers();
  await send('one', alert('a'));
  await send('one', alert('a'), alert('b'));
  await send('two', alert('a'));
  expect(told).toEqual([
    'one: SpendfuseBudgetHard of a',
    'one: SpendfuseBudgetHard of b',
    'two: SpendfuseBudgetHard of a',
  ]);
});

it('what is over is no page', async () => {
  const { told, send } = await receivers();
  expect(await send('one', alert('a', 'SpendfuseBudgetHard', 'resolved'))).toBe(200);
  expect(told).toEqual([]);
});

it('waits for the page of every hard budget', async () => {
  const { pages, send } = await receivers();
  await send('one', alert('a', 'SpendfuseBudgetThreshold'), alert('b'));
  const waiting = pages.awaitHard(['a', 'b']);
  await send('one', alert('a'));
  expect(await waiting).toEqual([]);
});

it('what is no webhook is refused', async () => {
  const { url } = await receivers();
  expect((await fetch(url, { method: 'POST', body: 'hello' })).status).toBe(400);
});

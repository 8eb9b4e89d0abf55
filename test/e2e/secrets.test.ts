/** Secrets of tokens are rotated in their files while the server runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { CONFIG, folderWith, serve } from './server.ts';

const TOKENS = `tokens: [{ name: scraper, role: metrics, secret_file: scraper }]\n${CONFIG}`;
const [OLD, NEW] = ['the-old-secret-of-the-scraper', 'the-new-secret-of-the-scraper'];

it('a rotated secret is in force by itself, the old one is not any more, and a broken one changes nothing', async () => {
  const folder = folderWith({ 'budgets.yaml': TOKENS, scraper: OLD });
  const server = await serve(folder);
  await server.ready;
  const status = async (secret: string) => {
    const headers = { authorization: `Bearer ${secret}` };
    return (await fetch(`${server.url}/metrics`, { headers })).status;
  };
  expect(await status(OLD)).toBe(200);
  writeFileSync(join(folder, 'scraper'), NEW);
  await vi.waitFor(async () => expect(await status(NEW)).toBe(200), { timeout: 10_000, interval: 50 });
  expect(await status(OLD)).toBe(401);
  writeFileSync(join(folder, 'scraper'), 'short');
  const refused = /the changed secrets are not in force, the old ones stay: .*shorter than 16/;
  await vi.waitFor(() => expect(server.said).toContainEqual(expect.stringMatching(refused)), { timeout: 10_000 });
  expect(await status(NEW)).toBe(200);
  expect(server.said.join('\n')).not.toContain(NEW);
  expect(await server.end('SIGTERM')).toBe(0);
});

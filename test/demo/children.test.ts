import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Children, describeEnding, isInstalled } from '../../demo/children.ts';
import { untilReady, watchLife } from '../../demo/ready.ts';
import { isAlive, until } from './processes.ts';

const node = (code: string) => ({ name: 'a child', command: process.execPath, args: ['-e', code] });
const FOREVER = 'setInterval(() => {}, 1000);';

function children(): Children {
  const made = new Children();
  onTestFinished(() => made.stopAll());
  return made;
}

function emptyFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'spendfuse-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it('a child is heard line by line and ends with its code', async () => {
  const lines: string[] = [];
  const onLine = (line: string, stream: string) => lines.push(`${stream}: ${line}`);
  const child = children().start({ ...node('console.log("a\\nb"); console.error("c"); process.exitCode = 3'), onLine });
  expect(describeEnding(await child.ended)).toBe('exit code 3');
  expect(lines.toSorted()).toEqual(['stderr: c', 'stdout: a', 'stdout: b']);
});

it('a child sees nothing of our environment but the PATH and what it is given', async () => {
  process.env.OPENAI_API_KEY = 'a key of whoever runs the tests';
  onTestFinished(() => void delete process.env.OPENAI_API_KEY);
  const lines: string[] = [];
  const program = node('console.log(Object.keys(process.env).sort().join())');
  await children().start({ ...program, env: { OTEL_SERVICE_NAME: 'x' }, onLine: (line) => lines.push(line) }).ended;
  expect(lines[0]?.split(',').filter((name) => !name.startsWith('__'))).toEqual(['OTEL_SERVICE_NAME', 'PATH']);
});

it('stopAll ends every child, and nothing starts after it', async () => {
  const made = new Children();
  const both = [made.start(node(FOREVER)), made.start(node(`process.on('exit', () => {}); ${FOREVER}`))];
  await made.stopAll();
  expect(both.map(({ living }) => living)).toEqual([false, false]);
  expect(() => made.start(node(FOREVER))).toThrow('the demo ends, so a child is not started');
});

it('a program that is not there says so', () => {
  expect(() => children().start({ name: 'x', command: 'no-such-program', args: [] })).toThrow(
    'x could not be started: is no-such-program there?',
  );
  expect([isInstalled('no-such-program'), isInstalled('sh')]).toEqual([false, true]);
});

it('a child that ends at its start is an error with its last words', async () => {
  const log = join(emptyFolder(), 'log');
  const child = children().start({ ...node('console.error("no port left"); process.exit(1)'), log });
  await expect(untilReady(child, 'http://127.0.0.1:9/')).rejects.toThrow(
    'a child ended at its start (exit code 1):\nno port left',
  );
});

it('a death is told, unless it was asked for', async () => {
  const made = children();
  const deaths: string[] = [];
  const [asked, unasked] = [made.start(node(FOREVER)), made.start(node('process.exit(2)'))];
  for (const child of [asked, unasked]) watchLife(child, (error) => deaths.push(error.message));
  await Promise.all([asked.kill(), unasked.ended]);
  expect(deaths).toEqual(['a child ended early (exit code 2):\n']);
});

it('the guard ends the children and removes the folder of a demo that was killed', async () => {
  const folder = emptyFolder();
  const temporary = mkdtempSync(join(folder, 'temporary-'));
  const pidFile = join(folder, 'pid');
  const code = `
    import { Children } from '${new URL('../../demo/children.ts', import.meta.url).href}';
    new Children(${JSON.stringify(temporary)}).start({ name: 'a child', command: process.execPath, args: ['-e',
      ${JSON.stringify(`require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); ${FOREVER}`)}] });
  `;
  const demo = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
  await until('the child is up', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(isAlive(pid)).toBe(true);
  demo.kill('SIGKILL');
  await once(demo, 'exit');
  await until('the child is gone', () => !isAlive(pid));
  await until('the folder is gone', () => !existsSync(temporary));
});

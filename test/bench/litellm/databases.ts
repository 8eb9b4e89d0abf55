/** Redis and PostgreSQL as LiteLLM's documentation asks for, on free ports of loopback, with their data in the run's folder. */
import { chownSync, globSync, mkdtempSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Children, isInstalled } from '../../../demo/children.ts';
import { freePort } from '../../../demo/ports.ts';
import { runToEnd, startUntil } from './side.ts';

export interface Databases {
  redisPort: number;
  postgresUrl: string;
  close(): Promise<void>;
}

/** PostgreSQL runs as nobody where it would be root, which it refuses. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** Where the programs of PostgreSQL are; Debian puts them aside. */
export function postgresFolder(): string | undefined {
  if (isInstalled('initdb') && isInstalled('postgres')) return '';
  const [initdb] = globSync('/usr/lib/postgresql/*/bin/initdb').sort().reverse();
  return initdb && `${dirname(initdb)}/`;
}

export async function startDatabases(
  children: Children,
  runFolder: string,
  migrations: readonly string[],
): Promise<Databases> {
  const folder = mkdtempSync(join(runFolder, 'databases-'));
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const [redisPort, postgresPort] = [await freePort(), await freePort()];
  const redis = await startUntil(
    children,
    {
      name: 'redis',
      command: 'redis-server',
      args: ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--dir', folder],
    },
    (line) => line.includes('Ready to accept connections'),
  );
  const data = join(folder, 'postgres');
  await runToEnd(children, asNobody('initdb', ['-D', data, '-U', 'litellm', '-A', 'trust', '-E', 'UTF8']));
  const listen = ['-p', `${postgresPort}`, '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
  const postgres = await startUntil(children, asNobody('postgres', ['-D', data, ...listen]), (line) =>
    line.includes('ready to accept connections'),
  );
  const postgresUrl = `postgresql://litellm@127.0.0.1:${postgresPort}/litellm`;
  await runToEnd(children, psql(postgresUrl.replace(/litellm$/, 'postgres'), ['-c', 'create database litellm']));
  await runToEnd(
    children,
    psql(
      postgresUrl,
      migrations.flatMap((file) => ['-f', file]),
    ),
  );
  return {
    redisPort,
    postgresUrl,
    async close() {
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}

function asNobody(name: string, args: readonly string[]) {
  const command = `${postgresFolder()}${name}`;
  if (!isRoot) return { name, command, args };
  const drop = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return { name, command: 'setpriv', args: [...drop, command, ...args] };
}

function psql(url: string, args: readonly string[]) {
  return { name: 'psql', command: 'psql', args: ['-q', '-v', 'ON_ERROR_STOP=1', ...args, url] };
}

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Logger } from 'pino';
import type { Config, TokenEntry } from '../config/config.ts';
import { formatFinding } from '../config/load.ts';
import { resolveTokens, tokenLookup } from '../config/secrets.ts';
import { watchConfig } from '../config/watch.ts';
import { watchSecrets } from '../config/watch-secrets.ts';
import { Standby } from '../enforce/standby.ts';
import { createServer, type SpendfuseServer } from '../http/server.ts';
import { Keeper } from './keeper.ts';
import { ConfigError, loadOrThrow } from './load.ts';
import { createLog } from './log.ts';
import { configOption, dbOption, parsePort } from './options.ts';
import { Reloader } from './reload.ts';
import { tellReadiness } from './tell-readiness.ts';
import { VERSION } from './version.ts';

interface ServeOptions {
  config: string;
  db: string;
  host: string;
  port: number;
  logLevel: string;
}

/** Of requests that are still arriving at the end; whatever starts this server kills it after 10 seconds, as a rule. */
const GRACE_MS = 3_000;
const LISTEN_MENDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; stop it, or choose another --port',
  EACCES: 'this user may not; choose a --port from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address; choose another --host',
  ENOTFOUND: 'there is no host of that name; choose another --host',
};

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the control server')
    .addOption(configOption())
    .addOption(dbOption())
    .option('-p, --port <number>', 'port to listen on; 0 for any free one', parsePort, 4319)
    .option('--host <address>', 'address to listen on; any but loopback needs `tokens:` in the config', '127.0.0.1')
    .addOption(
      new Option('--log-level <level>', 'least severe level to log')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
        .default('info'),
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const log = createLog(options.logLevel);
  const { config, warnings } = loadOrThrow(options.config);
  for (const warning of warnings) log.warn(formatFinding(warning));
  const stopping = new AbortController();
  const standby = new Standby(config);
  const { enforcer } = standby;
  const tokens = tokensOf(config);
  const server = createServer({ enforcer, tokens, log, version: VERSION, graceMs: GRACE_MS });
  const url = await listen(server, options);
  log.info({ url, config: options.config, db: options.db }, `spendfuse ${VERSION} listens on ${url}`);

  const ended = untilSignal(stopping, log);
  let opened: Config | undefined;
  const keeper = new Keeper({
    path: options.db,
    standby,
    log,
    stopping: stopping.signal,
    config: () => {
      opened = opened ? enforcer.config() : configNow(options.config, config, server, log);
      return opened;
    },
  });
  try {
    await keeper.open();
    const reloader = new Reloader({ path: options.config, enforcer, server, tokensOf, log });
    const onChange = () => void reloader.reload();
    const watch = watchConfig(options.config, onChange, { knownHash: (opened ?? config).hash });
    const stops = [
      watchSecrets(
        () => enforcer.config(),
        () => void reloader.rotate(),
      ),
      tellReadiness(enforcer, log),
      () => watch.stop(),
      () => reloader.stop(),
    ];
    await Promise.all([ended, keeper.keep()]);
    for (const stop of stops) stop();
  } finally {
    await enforcer.close();
    await server.close();
    if (!(await keeper.close())) abandon(log);
  }
}

/** The thread hangs in the disk, and waiting for it would be for ever. What was acknowledged is committed. */
function abandon(log: Logger): void {
  log.error('the ledger could not be closed, its disk does not answer; the next start checks it');
  process.kill(process.pid, 'SIGKILL');
}

/** Errors: `Error` with the mend. */
async function listen(server: SpendfuseServer, { host, port }: ServeOptions): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const mend = LISTEN_MENDS[(error as NodeJS.ErrnoException).code ?? ''];
    throw mend ? new Error(`cannot listen on ${host} port ${port}: ${mend}`) : error;
  }
}

/** It may have changed while this server stood by; a broken one leaves the one from the start in force. */
function configNow(path: string, config: Config, server: SpendfuseServer, log: Logger): Config {
  try {
    const { config: now } = loadOrThrow(path);
    if (now.hash === config.hash) return config;
    server.setTokens(tokensOf(now));
    return now;
  } catch (error) {
    server.configReloaded(false);
    log.error(`the config has changed and cannot be used, the one from the start stays: ${(error as Error).message}`);
    return config;
  }
}

/** Errors: `ConfigError` naming every secret that is missing. */
function tokensOf(config: Config): ((secret: string) => TokenEntry | undefined) | undefined {
  if (config.tokens.length === 0) return undefined;
  const resolved = resolveTokens(config, { env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
  if (!resolved.ok) throw new ConfigError(resolved.problems.join('\n'));
  return tokenLookup(resolved.tokens);
}

function untilSignal(stopping: AbortController, log: Logger): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info(`${signal}: ending`);
        stopping.abort();
        resolve();
      });
    }
  });
}

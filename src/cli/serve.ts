import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Logger } from 'pino';
import type { Config, TokenEntry } from '../config/config.ts';
import { formatFinding } from '../config/load.ts';
import { resolveTokens, tokenLookup } from '../config/secrets.ts';
import { watchConfig } from '../config/watch.ts';
import { createEnforcer } from '../enforce/create.ts';
import { Standby } from '../enforce/standby.ts';
import { createServer, type SpendfuseServer } from '../http/server.ts';
import { LedgerLocked } from '../ledger/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openSqliteLedger } from '../ledger/sqlite.ts';
import { ConfigError, loadOrThrow } from './load.ts';
import { createLog } from './log.ts';
import { configOption, dbOption, parsePort } from './options.ts';
import { Reloader } from './reload.ts';
import { VERSION } from './version.ts';

interface ServeOptions {
  config: string;
  db: string;
  host: string;
  port: number;
  logLevel: string;
}

const LOCK_RETRY_MS = 1_000;
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
  const server = createServer({ enforcer: standby.enforcer, tokens: tokensOf(config), log, version: VERSION });
  const url = await listen(server, options);
  log.info({ url, config: options.config, db: options.db }, `spendfuse ${VERSION} listens on ${url}`);

  const ended = untilSignal(stopping, log);
  let ledger: Ledger | undefined;
  try {
    ledger = await openWhenFree(options.db, standby, stopping.signal, log);
    const current = configNow(options.config, config, server, log);
    if (ledger) await takeOver(ledger, standby, current, log);
    const reloader = new Reloader({ path: options.config, enforcer: standby.enforcer, server, tokensOf, log });
    const watch = watchConfig(options.config, () => reloader.reload(), { knownHash: current.hash });
    await ended;
    watch.stop();
    reloader.stop();
  } finally {
    await standby.enforcer.close();
    await server.close();
    await ledger?.close();
  }
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

async function takeOver(ledger: Ledger, standby: Standby, config: Config, log: Logger): Promise<void> {
  const aheadMinutes = Math.round(((await ledger.latestTime()) - Date.now()) / 60_000);
  if (aheadMinutes > 0) {
    log.warn(
      `the clock is ${aheadMinutes} minutes behind the ledger: time stands still there until the clock is right`,
    );
  }
  const onError = (error: unknown) => log.error({ err: error }, 'a background step failed; it is tried again');
  standby.take(await createEnforcer({ config, ledger, onError }));
  log.info(`ready: ${config.budgets.length} budgets in force`);
}

/** While another server holds the file, this one lives and stays unready. Undefined when it is stopped before. */
async function openWhenFree(
  path: string,
  standby: Standby,
  signal: AbortSignal,
  log: Logger,
): Promise<Ledger | undefined> {
  let told = false;
  while (!signal.aborted) {
    try {
      return await openSqliteLedger({ path });
    } catch (error) {
      if (!(error instanceof LedgerLocked)) throw error;
      standby.because(error.message);
      if (!told) log.warn(`${error.message}; standing by`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
    }
  }
  return undefined;
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

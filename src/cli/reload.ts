import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { formatFinding } from '../config/load.ts';
import { type Enforcer, NotReady } from '../enforce/enforcer.ts';
import type { SpendfuseServer } from '../http/server.ts';
import { LedgerUnavailable } from '../ledger/ledger.ts';
import { loadOrThrow } from './load.ts';

type Tokens = Parameters<SpendfuseServer['setTokens']>[0];

export interface ReloaderOptions {
  path: string;
  enforcer: Enforcer;
  server: Pick<SpendfuseServer, 'setTokens' | 'configReloaded'>;
  /** Errors: `ConfigError`. */
  tokensOf: (config: Config) => Tokens;
  log: Logger;
  retryMs?: number;
}

/**
 * Puts a changed config in force, one change at a time. One that is broken changes nothing: the old one stays in force, and
 * the metrics say so. One that the ledger could not take just now is tried again, because no further change would bring it.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<void> = Promise.resolve();
  #again: NodeJS.Timeout | undefined;
  #tokens: Tokens;
  #stopped = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#tokens = options.tokensOf(options.enforcer.config());
  }

  /** Resolves when it is in force, or was refused. Never rejects. */
  reload(): Promise<void> {
    this.#running = this.#running.then(() => this.#reload());
    return this.#running;
  }

  /** Secrets changed and the config did not. Resolves when they are in force, or were refused. Never rejects. */
  rotate(): Promise<void> {
    this.#running = this.#running.then(() => this.#rotate());
    return this.#running;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#again);
  }

  async #reload(): Promise<void> {
    const { path, enforcer, server, tokensOf, log } = this.#options;
    clearTimeout(this.#again);
    try {
      const { config, warnings } = loadOrThrow(path);
      await this.#swap(enforcer, server, config, tokensOf(config));
      server.configReloaded(true);
      for (const warning of warnings) log.warn(formatFinding(warning));
      log.info({ revision: config.hash }, `config reloaded: ${config.budgets.length} budgets in force`);
    } catch (error) {
      server.configReloaded(false);
      this.#refused(error);
    }
  }

  async #rotate(): Promise<void> {
    const { enforcer, server, tokensOf, log } = this.#options;
    try {
      const tokens = tokensOf(enforcer.config());
      server.setTokens(tokens);
      this.#tokens = tokens;
      log.info('secrets of tokens reloaded: the new ones are in force');
    } catch (error) {
      log.error(`the changed secrets are not in force, the old ones stay: ${(error as Error).message}`);
    }
  }

  /** Tokens first: they are refused without a change where the server would stand open. */
  async #swap(enforcer: Enforcer, server: ReloaderOptions['server'], config: Config, tokens: Tokens): Promise<void> {
    server.setTokens(tokens);
    try {
      await enforcer.reload(config, 'file');
      this.#tokens = tokens;
    } catch (error) {
      server.setTokens(this.#tokens);
      throw error;
    }
  }

  #refused(error: unknown): void {
    if (this.#stopped) return;
    const { log, retryMs = 1_000 } = this.#options;
    const why = error instanceof Error ? error.message : String(error);
    const passing = error instanceof LedgerUnavailable || error instanceof NotReady;
    log.error(`the changed config is not in force, the old one stays${passing ? ' for now' : ''}: ${why}`);
    if (passing) this.#again = setTimeout(() => void this.reload(), retryMs).unref();
  }
}

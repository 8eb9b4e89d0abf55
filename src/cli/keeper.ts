import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { DurationMs } from '../domain/time.ts';
import { createEnforcer } from '../enforce/create.ts';
import type { Standby } from '../enforce/standby.ts';
import { LedgerLocked, LedgerOpenError } from '../ledger/errors.ts';
import { type Ledger, LedgerUnavailable } from '../ledger/ledger.ts';
import { openSqliteLedger, type SqliteLedgerOptions } from '../ledger/sqlite.ts';

type Lost = Parameters<NonNullable<SqliteLedgerOptions['onLost']>>[0];

/** While another server holds the file, or it is missing: looking costs nothing. */
const LOOK_AGAIN_MS: DurationMs = 1_000;
const FIRST_RETRY_MS: DurationMs = 250;
/** Checking a large file costs its reading. */
const MAX_RETRY_MS: DurationMs = 30_000;
/** A ledger that was open for so long is not one that falls over at once. */
const LASTED_MS: DurationMs = 60_000;
/** A disk that hangs may never let go of the file. */
const CLOSE_MS: DurationMs = 5_000;

export interface KeeperOptions {
  path: string;
  standby: Standby;
  log: Logger;
  stopping: AbortSignal;
  /** In force from now on; asked for each time that the ledger has been opened. */
  config: () => Config;
}

/**
 * Opens the ledger and opens it again whenever it is lost, and rebuilds from it everything that is known: as a restart would.
 *
 *   opening ──▶ open ──lost (thread dead, file gone or damaged)──▶ opening again, with a growing pause
 *
 * Meanwhile the server stands by, unready. At the start a file that cannot be used ends the server, except one that another
 * server holds; later nothing does, because whoever mends the file expects it to go on.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  #ledger: Ledger | undefined;
  #lost = Promise.withResolvers<Lost>();
  #openedAtMs = 0;
  #retryMs = FIRST_RETRY_MS;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Resolves when the server decides, or is stopped before. Errors: `LedgerOpenError`, `LedgerUnavailable`. */
  async open(): Promise<void> {
    const { standby, log, stopping } = this.#options;
    let told = false;
    while (!stopping.aborted) {
      try {
        await this.#take({});
        return;
      } catch (error) {
        if (!(error instanceof LedgerLocked)) throw error;
        standby.because(error.message);
        if (!told) log.warn(`${error.message}; standing by`);
        told = true;
        await this.#pause(LOOK_AGAIN_MS);
      }
    }
  }

  /** Once open: until the server is stopped. */
  async keep(): Promise<void> {
    const { stopping } = this.#options;
    const stopped = new Promise<undefined>((resolve) => {
      if (stopping.aborted) resolve(undefined);
      stopping.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    for (;;) {
      const lost = await Promise.race([this.#lost.promise, stopped]);
      if (!lost || stopping.aborted) return;
      await this.#reopen(lost);
    }
  }

  async #reopen({ why, damaged }: Lost): Promise<void> {
    const { standby, stopping, path } = this.#options;
    if (performance.now() - this.#openedAtMs > LASTED_MS) this.#retryMs = FIRST_RETRY_MS;
    const old = standby.release(why);
    await Promise.all([old?.close(), this.close()]);
    let pauseMs = this.#nextPause();
    for (;;) {
      const before = shapeOf(path);
      await this.#pause(pauseMs);
      if (stopping.aborted) return;
      // A backup that is still being copied into place changes from one look to the next.
      if (shapeOf(path) !== before) continue;
      try {
        await this.#take({ mustExist: true, checkAll: damaged });
        return;
      } catch (error) {
        if (!(error instanceof LedgerOpenError || error instanceof LedgerUnavailable)) throw error;
        // Of one that is missing more is known from when it went.
        if (!(error instanceof LedgerOpenError && error.reason === 'missing')) standby.because(error.message);
        const isCheap = error instanceof LedgerOpenError && ['locked', 'missing'].includes(error.reason);
        pauseMs = isCheap ? LOOK_AGAIN_MS : this.#nextPause();
      }
    }
  }

  async #take(how: Pick<SqliteLedgerOptions, 'mustExist' | 'checkAll'>): Promise<void> {
    const { path, standby, log, config: configNow } = this.#options;
    const isFirst = this.#openedAtMs === 0;
    this.#lost = Promise.withResolvers<Lost>();
    this.#ledger = await openSqliteLedger({ path, ...how, onLost: this.#lost.resolve });
    try {
      const config = configNow();
      standby.take(await createEnforcer({ config, ledger: this.#ledger, onError: (error) => this.#failed(error) }));
      this.#openedAtMs = performance.now();
      if (isFirst && standby.enforcer.readiness().ready) log.info(`ready: ${config.budgets.length} budgets in force`);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** That the ledger is away is told by the readiness, once. */
  #failed(error: unknown): void {
    if (error instanceof LedgerUnavailable) return;
    this.#options.log.error({ err: error }, 'a background step failed; it is tried again');
  }

  #nextPause(): DurationMs {
    const now = this.#retryMs;
    this.#retryMs = Math.min(2 * now, MAX_RETRY_MS);
    return now;
  }

  #pause(ms: DurationMs): Promise<void> {
    const { stopping } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        stopping.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      stopping.addEventListener('abort', end);
      if (stopping.aborted) end();
    });
  }

  /** Answers whether the file was let go of. */
  async close(): Promise<boolean> {
    const ledger = this.#ledger;
    this.#ledger = undefined;
    if (!ledger) return true;
    const tooLong = Promise.withResolvers<false>();
    const timer = setTimeout(() => tooLong.resolve(false), CLOSE_MS);
    const closed = await Promise.race([ledger.close().then(() => true), tooLong.promise]);
    clearTimeout(timer);
    return closed;
  }
}

function shapeOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/**
 * Settlements and closes of slices that outlive their process, one to a line: written in one go when it ends, taken over by
 * the next process of the same user and service for the same server (another service may have another token, which may not
 * speak for this one). They hold usage and attribution only, no content and no key. A file is claimed by renaming it, so two
 * processes never both keep it, and the claim of a dead process is free again.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SettlementRequest, SliceClose } from '../protocol/wire.ts';
import { uuidv7 } from './ids.ts';
import type { Entries } from './journal.ts';
import { isObject } from './rules.ts';
import { type Warn, warnOnce } from './warn.ts';

/** A file larger than this is not ours. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
type Line = SettlementRequest | SliceClose;

const NAME = /^(.+)\.ndjson(?:\.(\d+))?$/;

export class JournalFolder {
  readonly path: string;
  readonly #warn: Warn;
  #claimed: string[] = [];

  constructor(endpoint: URL, service: string | undefined, folder: string | undefined, warn: Warn = warnOnce) {
    const user = process.getuid?.() ?? userInfo().username;
    const whose = service === undefined ? endpoint.href : `${endpoint.href} ${service}`;
    const name = createHash('sha256').update(whose).digest('hex').slice(0, 16);
    this.path = join(folder ?? join(tmpdir(), `spendfuse-${user}`), name);
    this.#warn = warn;
  }

  /** Writes what is left and gives the claimed files up: their settlements are among it. Never throws. */
  write({ settlements, closes }: Entries): void {
    if (settlements.length + closes.length === 0) return;
    try {
      this.#prepare();
      const name = `${uuidv7(Date.now())}.ndjson`;
      const text = [...settlements, ...closes].map((entry) => `${JSON.stringify(entry)}\n`).join('');
      const partial = join(this.path, `.${name}.partial`);
      writeFileSync(partial, text, { mode: 0o600, flag: 'wx' });
      renameSync(partial, join(this.path, name));
      this.forget();
    } catch (error) {
      this.#warn(
        'journal',
        `${settlements.length} settlements are lost: ${this.path} cannot be written (${(error as Error).message}); set SPENDFUSE_JOURNAL to a folder that can`,
      );
    }
  }

  /** Takes over what other processes left behind. Never throws. */
  claim(): Entries {
    const lines: Line[] = [];
    try {
      if (this.#exists()) {
        this.#prepare();
        for (const name of readdirSync(this.path)) lines.push(...this.#claimFile(name));
      }
    } catch (error) {
      this.#warn('journal', `settlements in ${this.path} cannot be read (${(error as Error).message})`);
    }
    return {
      settlements: lines.filter((line) => 'attempt_id' in line),
      closes: lines.filter((line) => 'slice' in line),
    };
  }

  /** The server has all that was claimed. */
  forget(): void {
    for (const path of this.#claimed) rmSync(path, { force: true });
    this.#claimed = [];
  }

  #claimFile(name: string): Line[] {
    const [, id, owner] = NAME.exec(name) ?? [];
    if (id === undefined || id.startsWith('.')) return [];
    const mine = join(this.path, `${id}.ndjson.${process.pid}`);
    // In a container every process is number 1: a file of our own number that we did not claim is a dead one's.
    if (
      this.#claimed.includes(mine) ||
      (owner !== undefined && Number(owner) !== process.pid && isAlive(Number(owner)))
    )
      return [];
    try {
      renameSync(join(this.path, name), mine);
    } catch {
      return []; // Another process was faster.
    }
    if (lstatSync(mine).size > MAX_FILE_BYTES) return [];
    this.#claimed.push(mine);
    return readFileSync(mine, 'utf8').split('\n').flatMap(parseLine);
  }

  #exists(): boolean {
    return lstatSync(this.path, { throwIfNoEntry: false }) !== undefined;
  }

  /** The temporary folder belongs to everybody, so ours has to be a real folder of this user that nobody else enters. */
  #prepare(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    const found = lstatSync(this.path);
    const uid = process.getuid?.();
    if (!found.isDirectory() || (uid !== undefined && found.uid !== uid)) throw new Error('it belongs to another user');
    if (uid !== undefined && (found.mode & 0o022) !== 0) throw new Error('others can write to it');
  }
}

/** A line cut off by a full disk is left out. */
function parseLine(line: string): Line[] {
  try {
    const value: unknown = JSON.parse(line);
    if (!isObject(value)) return [];
    return typeof value.attempt_id === 'string' || typeof value.slice === 'string' ? [value as unknown as Line] : [];
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

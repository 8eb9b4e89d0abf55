/**
 * Whether the files that a ledger writes to are still the ones under its name. A file that was deleted, moved or replaced
 * goes on taking writes which nobody will ever read again, and SQLite does not look: so its name is looked at with each
 * batch, before it begins and before its replies leave.
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

interface Identity {
  device: number;
  inode: number;
}

export interface Astray {
  /** `file`: the database itself; `log`: its write-ahead log, without which a crash would lose the newest entries. */
  what: 'file' | 'log';
  /** One sentence that names the file. */
  says: string;
}

const SAVED = '.saved-';

export class Whereabouts {
  readonly #path: string;
  readonly #file: Identity | undefined;
  /** Known once SQLite has made it. */
  #log: Identity | undefined;

  /** Of an open ledger. */
  constructor(path: string) {
    this.#path = path;
    this.#file = identityOf(path);
    this.#log = identityOf(`${path}-wal`);
  }

  /** What is no longer where it was; undefined when all is well. */
  look(): Astray | undefined {
    const file = identityOf(this.#path);
    if (!isSame(file, this.#file)) {
      const became = file ? 'replaced by another file' : 'deleted or moved away';
      return { what: 'file', says: `ledger ${this.#path}: it was ${became} while the server ran` };
    }
    const log = identityOf(`${this.#path}-wal`);
    if (this.#log === undefined) this.#log = log;
    if (isSame(log, this.#log)) return undefined;
    return { what: 'log', says: `ledger ${this.#path}: its write-ahead log was deleted while the server ran` };
  }
}

function identityOf(path: string): Identity | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat && { device: stat.dev, inode: stat.ino };
  } catch {
    // A folder on the way to it is gone, or may not be read any more.
    return undefined;
  }
}

function isSame(one: Identity | undefined, other: Identity | undefined): boolean {
  return one?.device === other?.device && one?.inode === other?.inode;
}

/**
 * Puts everything that was committed back into files with names: the write-ahead log into the file that is open, whatever it
 * is called now, and where that one may have no name any more, a copy of it beside the place where it was. Answers the
 * copy's path. Errors: SQLite's own; it can be tried again.
 */
export function secure(db: DatabaseSync, path: string, { what }: Astray): string | undefined {
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  if (what === 'log') return undefined;
  const copy = freeName(path);
  db.prepare('VACUUM INTO ?').run(copy);
  const written = openSync(copy, 'r');
  fsyncSync(written);
  closeSync(written);
  return copy;
}

function freeName(path: string): string {
  for (let number = 1; ; number += 1) {
    const name = `${path}${SAVED}${number}`;
    if (!existsSync(name)) return name;
  }
}

/** Copies that `secure` made and nobody has put back or removed, oldest first. */
export function savedCopies(path: string): string[] {
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const prefix = `${basename(path)}${SAVED}`;
  const numbers = readdirSync(folder).filter((name) => name.startsWith(prefix) && !name.includes('-journal'));
  return numbers.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(folder, name));
}

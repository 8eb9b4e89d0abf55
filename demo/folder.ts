import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where one run keeps its ledger, logs and whatever else it writes. */
export interface Folder {
  path: string;
  /** The ledger of this run alone: the counts of two runs in one file would not compare. */
  ledger: string;
  temporary: boolean;
  /** Removes a temporary folder; one that was asked for stays. */
  remove(): void;
}

/**
 * Without a `dir`, a temporary folder. With one, that folder, or `run-2`, `run-3` … in it when it holds the ledger of an
 * earlier run. The ledger is claimed by making it, so two runs never share one. Errors: throws when it cannot be written.
 */
export function claimFolder(dir?: string): Folder {
  if (dir === undefined) return folderAt(mkdtempSync(join(tmpdir(), 'spendfuse-demo-')), true);
  const root = resolve(dir);
  for (let run = 1; ; run += 1) {
    const path = run === 1 ? root : join(root, `run-${run}`);
    try {
      mkdirSync(path, { recursive: true });
      if (claim(join(path, LEDGER))) return folderAt(path, false);
    } catch (error) {
      throw new Error(`--dir ${dir}: ${(error as Error).message}; name a folder that can be written`);
    }
  }
}

const LEDGER = 'spendfuse.db';

/** SQLite takes an empty file for a new database. */
function claim(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function folderAt(path: string, temporary: boolean): Folder {
  return {
    path,
    ledger: join(path, LEDGER),
    temporary,
    remove: () => {
      if (temporary) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

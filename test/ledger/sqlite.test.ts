import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { describeLedger } from '../conformance/ledger.conformance.ts';
import { prefetched } from './support/prefetch.ts';

const folder = mkdtempSync(join(tmpdir(), 'spendfuse-ledger-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const open = prefetched(() => {
  files += 1;
  return openSqliteLedger({ path: join(folder, `${files}.db`) });
});
describeLedger('sqlite ledger', open, { modelRuns: 15 });

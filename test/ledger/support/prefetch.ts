import { afterAll } from 'vitest';
import type { Ledger } from '../../../src/ledger/ledger.ts';

/** Opens the next ledgers while a test uses the last one: starting a worker takes longer than most tests. */
export function prefetched(open: () => Promise<Ledger>, ahead = 3): () => Promise<Ledger> {
  const ready: Promise<Ledger>[] = [];
  afterAll(async () => {
    for (const ledger of ready) await (await ledger).close();
  });
  return () => {
    while (ready.length <= ahead) ready.push(open());
    return ready.shift()!;
  };
}

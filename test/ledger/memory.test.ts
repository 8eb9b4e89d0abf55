import { createMemoryLedger } from '../../src/ledger/memory.ts';
import { describeLedger } from '../conformance/ledger.conformance.ts';

describeLedger('memory ledger', async () => createMemoryLedger());

/** Puts the client of this process together. Nothing is opened or read before the first call. */
import type { DurationMs } from '../domain/time.ts';
import { boundFromWire } from '../protocol/usage.ts';
import { Admissions } from './admission.ts';
import type { Attempt } from './attempt.ts';
import { Attributions } from './attribution.ts';
import type { Client } from './call.ts';
import type { Environment } from './environment.ts';
import { type Closing, onProcessEnd } from './exit.ts';
import { Journal } from './journal.ts';
import type { JournalFolder } from './journal-file.ts';
import { Pricer, type PricerOptions } from './pricer.ts';
import { Session } from './session.ts';
import { createTransport, type Transport } from './transport.ts';

export interface RuntimeOptions {
  environment: Environment;
  prices: PricerOptions;
  /** For tests and benchmarks. */
  transport?: Transport;
}

export function createClient({ environment, prices, transport }: RuntimeOptions): Client {
  const { endpoint, token, attribution, acceptBaggage, whenUnreachable } = environment;
  const send = transport ?? createTransport(endpoint, token);
  const journal = new Journal(send);
  const pricer = new Pricer(prices);
  const session = new Session({
    transport: send,
    endpoint: endpoint.origin,
    attribution,
    journalLength: () => journal.length,
    onRateCards: (cards) => pricer.take(cards),
  });
  const admissions = new Admissions({
    session,
    transport: send,
    whenUnknown: whenUnreachable,
    worstCase: ({ provider, model, bound }) => pricer.worstCase(provider, model, boundFromWire(bound), Date.now()),
  });
  const attributions = new Attributions(attribution, acceptBaggage);
  return { session, attributions, admissions, journal, pricer, open: new Set<Attempt>() };
}

/** Settlements outlive the process from here on, and those of dead processes are sent. */
export function keepSettlements(client: Client, folder: JournalFolder, takeOver: boolean): void {
  const { journal, session, open } = client;
  /** Journal length at the last try: to try again with nothing new would keep the process from ending. */
  let tried: number | undefined;

  const closing: Closing = {
    pending: () => (journal.length > 0 && journal.length !== tried) || session.state === 'open',
    async close(timeoutMs: DurationMs) {
      await journal.flush({ timeoutMs });
      tried = journal.length;
      await session.end(timeoutMs);
    },
    save() {
      for (const attempt of open) attempt.abandon();
      if (journal.length === 0) folder.forget();
      else folder.write(journal.unsent());
    },
  };
  onProcessEnd(closing);
  if (takeOver) {
    const left = folder.claim();
    for (const settlement of left) journal.add(settlement);
    if (left.length > 0) journal.onEmpty = () => folder.forget();
  }
}

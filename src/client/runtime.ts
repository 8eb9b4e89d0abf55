/** Puts the client of this process together. Nothing is opened or read before the first call. */
import type { DurationMs } from '../domain/time.ts';
import { Admissions } from './admission.ts';
import type { Attempt } from './attempt.ts';
import { Attributions } from './attribution.ts';
import { Bag } from './bag.ts';
import type { Client } from './call.ts';
import type { Environment } from './environment.ts';
import { type Closing, onProcessEnd } from './exit.ts';
import { Fallbacks } from './fallback.ts';
import { uuidv7 } from './ids.ts';
import { Journal } from './journal.ts';
import type { JournalFolder } from './journal-file.ts';
import { LeaseKeeper } from './lease/keeper.ts';
import { Pricer, type PricerOptions } from './pricer.ts';
import { Session } from './session.ts';
import { createTransport, type Transport } from './transport.ts';
import { within } from './within.ts';

export interface RuntimeOptions {
  environment: Environment;
  prices: PricerOptions;
  /** For tests and benchmarks. */
  transport?: Transport;
}

export function createClient({ environment, prices, transport }: RuntimeOptions): Client {
  const { endpoint, token, attribution, acceptBaggage, whenUnreachable, decisionTimeoutMs } = environment;
  const send = transport ?? createTransport(endpoint, token);
  const open = new Bag<Attempt>();
  const journal = new Journal(send, environment.serverless ? { flushAfterMs: 0 } : {});
  const pricer = new Pricer(prices);
  const keeper = new LeaseKeeper({
    journal,
    newId: () => uuidv7(Date.now()),
    reportOpen: () => {
      for (const attempt of open.all()) attempt.reportOpen();
    },
  });
  const session = new Session({
    transport: send,
    endpoint: endpoint.origin,
    attribution,
    decisionTimeoutMs,
    journalLength: () => journal.length,
    onRateCards: (cards) => pricer.take(cards),
    keeper,
    isIdle: () => open.isEmpty,
    rests: environment.serverless,
  });
  keeper.attach(session);
  journal.onRecall = (recall) => keeper.obey(recall);
  const admissions = new Admissions({
    session,
    transport: send,
    keeper,
    whenUnknown: whenUnreachable,
    decisionTimeoutMs,
    leases: !environment.serverless,
    worstCase: ({ provider, model, bound }) => pricer.worstCase(provider, model, bound, Date.now()),
  });
  const attributions = new Attributions(attribution, acceptBaggage);
  return { session, attributions, admissions, journal, pricer, keeper, open, fallbacks: new Fallbacks() };
}

/**
 * Sends what is queued and gives all slices back, for a process that may end or sleep after it; true when the server has
 * everything.
 */
export async function flush({ journal, keeper, session }: Client, { timeoutMs }: { timeoutMs: DurationMs }) {
  const deadline = performance.now() + timeoutMs;
  keeper.returnAll();
  if (!(await journal.flush({ timeoutMs }))) return false;
  // Slices that were asked for just before are given back when the answer is there.
  await within(deadline - performance.now(), session.quiet());
  const isDone = await journal.flush({ timeoutMs: Math.max(0, deadline - performance.now()) });
  session.rest();
  return isDone;
}

/** Settlements outlive the process from here on, and those of dead processes are sent. */
export function keepSettlements(client: Client, folder: JournalFolder, takeOver: boolean): void {
  const { journal, session, keeper, open } = client;
  /** Journal length at the last try: to try again with nothing new would keep the process from ending. */
  let tried: number | undefined;

  /** Nothing that is under way will come to an end: it is settled by what was seen of it, and draws nothing more. */
  function finish(): void {
    for (const attempt of open.all()) attempt.abandon();
    keeper.end();
  }

  const closing: Closing = {
    pending: () => (journal.length > 0 && journal.length !== tried) || session.state === 'open',
    async close(timeoutMs: DurationMs) {
      finish();
      await journal.flush({ timeoutMs });
      tried = journal.length;
      await session.end(timeoutMs);
    },
    save() {
      finish();
      if (journal.length === 0) folder.forget();
      else folder.write(journal.unsent());
    },
  };
  onProcessEnd(closing);
  if (takeOver) {
    const { settlements, closes } = folder.claim();
    for (const settlement of settlements) journal.add(settlement);
    for (const close of closes) journal.addClose(close);
    if (journal.length > 0) journal.onEmpty = () => folder.forget();
  }
}

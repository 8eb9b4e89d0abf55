/**
 * The one import: `node --import spendfuse/register app.js`, `--require`, or `require('spendfuse/register')` first. It
 * never throws and opens nothing before the first call.
 */
import { isMainThread } from 'node:worker_threads';
import { hookFetch } from '../instrumentations/hooks/fetch.ts';
import { assertNode, hookLoading } from '../instrumentations/hooks/load.ts';
import { watchUncaught } from '../instrumentations/hooks/uncaught.ts';
import { readEnvironment } from './client/environment.ts';
import { scopeRequests } from './client/fallback.ts';
import { JournalFolder } from './client/journal-file.ts';
import { localPrices } from './client/local-prices.ts';
import { createClient, flush, keepSettlements } from './client/runtime.ts';
import { shared } from './client/shared.ts';
import { say, warnOnce } from './client/warn.ts';
import { configureTelemetry } from './telemetry/conventions.ts';
import { startOtel } from './telemetry/start.ts';

function register(): void {
  assertNode();
  const environment = readEnvironment(process.env, warnOnce);
  configureTelemetry(environment.telemetry);
  const client = createClient({ environment, prices: localPrices });
  shared.flush = (options) => flush(client, options);
  const { endpoint, attribution, journalFolder } = environment;
  keepSettlements(client, new JournalFolder(endpoint, attribution.service, journalFolder), isMainThread);
  scopeRequests();
  hookLoading(client);
  hookFetch(client);
  watchUncaught(client);
  if (environment.startOtel) startOtel(warnOnce);
}

if (shared.flush === undefined) {
  try {
    register();
  } catch (error) {
    say(`could not be registered, so calls are NEITHER METERED NOR CAPPED (${(error as Error).message})`);
  }
}

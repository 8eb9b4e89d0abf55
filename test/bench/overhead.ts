/** What the one import adds to a call: the same SDK class twice in one process, once hooked and once not. */
import { setTimeout } from 'node:timers/promises';
import { hookLoading } from '../../instrumentations/hooks/load.ts';
import { readEnvironment } from '../../src/client/environment.ts';
import { localPrices } from '../../src/client/local-prices.ts';
import { createClient } from '../../src/client/runtime.ts';
import { added, type Difference } from './measure.ts';
import { startSdk } from './otel-sdk.ts';
import { hasPeers, peers } from './peers/peers.ts';
import { CHUNKS, type Load, type Sdk, sdks } from './sdks.ts';
import { granting, stub } from './stub.ts';

export async function overhead(): Promise<void> {
  hookLoading(createClient({ environment: readEnvironment({}, () => {}), prices: localPrices, transport: stub }));
  const both = await sdks();
  // No route is known yet, so that each attempt asks.
  for (const sdk of both) print(`${sdk.name}, JSON, each call asks`, await measure(sdk, 'json'), 1, 'call');
  granting.leases = true;
  for (const sdk of both) await untilLeased(sdk);
  for (const sdk of both) {
    print(`${sdk.name}, JSON, from slices of 6 slots`, await measure(sdk, 'json'), 1, 'call');
    print(`${sdk.name}, the same, prompt of 30 KB`, await measure(sdk, 'prompt'), 1, 'call');
    print(`${sdk.name}, stream of ${CHUNKS} chunks`, await measure(sdk, 'stream'), CHUNKS, 'chunk');
  }
  // From here on each call has a span and its measurements. Anthropic's SDK makes spans of its own, on both sides.
  startSdk();
  for (const sdk of both) {
    print(`${sdk.name}, JSON, with OpenTelemetry`, await measure(sdk, 'json'), 1, 'call');
    print(`${sdk.name}, stream, with OpenTelemetry`, await measure(sdk, 'stream'), CHUNKS, 'chunk');
  }
  const home = process.env.PEERS_HOME;
  if (hasPeers(home)) await peers(home);
  else
    console.log('\nFor the peers: test/bench/peers/setup.sh FOLDER, then PEERS_HOME=FOLDER npm run bench -- overhead');
}

function measure({ bare, hooked }: Sdk, load: Load): Promise<Difference> {
  const options = load === 'stream' ? { times: 50, rounds: 60 } : { times: 500, rounds: 60 };
  return added(
    () => bare(load),
    () => hooked(load),
    options,
  );
}

/** A few calls ask the server; then a heartbeat brings slices. */
async function untilLeased({ hooked }: Sdk): Promise<void> {
  for (let time = 0; time < 10; time += 1) await hooked('json');
  await setTimeout(300);
}

function print(what: string, { bare, added, spread }: Difference, per: number, unit: string): void {
  const microseconds = `${(added / per).toFixed(2).padStart(6)} µs added per ${unit}`;
  const [low, high] = spread.map((value) => (value / per).toFixed(2));
  console.log(
    `${what.padEnd(40)}${microseconds}  (middle half of the rounds ${low} … ${high}; a call without it ${bare.toFixed(1)} µs)`,
  );
}

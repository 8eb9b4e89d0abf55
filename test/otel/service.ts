/** A service in a process of its own, between a stub server and a provider, and what its OpenTelemetry SDK has seen. */
import { serialiseCard } from '../../src/pricing/card.ts';
import { createCatalogue } from '../../src/pricing/catalogue.ts';
import type { WireRateCard } from '../../src/protocol/wire.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { type Ran, runApp } from '../support/run-app.ts';
import { allow, deny, type StubServer, startStub } from '../support/stub-server.ts';

export interface SeenSpan {
  name: string;
  scope: string;
  /** 2 is CLIENT. */
  kind: number;
  traceId: string;
  spanId: string;
  parent?: string;
  attributes: Record<string, unknown>;
  /** 2 is ERROR. */
  status: number;
}

export interface SeenMetric {
  name: string;
  unit: string;
  attributes: Record<string, unknown>;
  sum: number;
  count?: number;
}

export interface Seen {
  outcomes: Record<string, string>;
  flushed: boolean;
  /** What is registered with the OpenTelemetry API. */
  registered: string[];
  spans: SeenSpan[];
  metrics: SeenMetric[];
}

export interface World {
  provider: TestProvider;
  stub: StubServer;
  stop(): Promise<void>;
}

/** The server refuses what is labelled `denied`, and hands out rate cards as a real one that has seen these models. */
export async function startWorld(): Promise<World> {
  const provider = await startProvider();
  const stub = await startStub();
  stub.decide = (request) => (request.attribution.workflow?.startsWith('denied') ? deny() : allow(request));
  stub.rateCards = [card('openai', 'gpt-4.1'), card('anthropic', 'claude-haiku-4-5')];
  const stop = async () => void (await Promise.all([provider.stop(), stub.stop()]));
  return { provider, stub, stop };
}

const CEILING = { inputNanoUsdPerMillion: 1n, outputNanoUsdPerMillion: 1n, maxOutputTokens: 1 };
const catalogue = createCatalogue({ contracts: [], ceiling: CEILING });

function card(provider: string, model: string): WireRateCard {
  const found = catalogue.card(provider, model, Date.now());
  return { provider, model, catalogue: found.catalogue, card: serialiseCard(found) };
}

export interface Start {
  folder: string;
  /** Before the application's file. */
  node?: readonly string[];
  app?: string;
  calls?: readonly string[];
  env?: Record<string, string>;
}

/** `node --import spendfuse/register service.mjs` unless told otherwise; fails if it does not end well. */
export async function runService(
  world: World,
  { folder, node, app, calls = ['json'], env }: Start,
): Promise<Ran & { seen: Seen }> {
  const ran = await runApp({
    cwd: folder,
    args: [...(node ?? ['--import', 'spendfuse/register']), app ?? 'service.mjs'],
    env: { PROVIDER: world.provider.url, SPENDFUSE_ENDPOINT: world.stub.url, CALLS: calls.join(','), ...env },
  });
  if (ran.code !== 0) throw new Error(`exit code ${ran.code} ${ran.signal}:\n${ran.stdout}${ran.stderr}`);
  // On a machine under load a decision may take longer than it may; that is said, and is not what is tested here.
  const stderr = ran.stderr.replace(/^spendfuse: the server \S+ is (unreachable.*|back)\n/gm, '');
  return { ...ran, stderr, seen: ran.json as Seen };
}

export function ours(spans: readonly SeenSpan[]): SeenSpan[] {
  return spans.filter(({ scope }) => scope === 'spendfuse');
}

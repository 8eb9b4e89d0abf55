/** A stand-in for the server's /metrics and for everybody's pager, on one loopback port. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type Matchers, type Metric, selector } from '../../src/assets/promql.ts';
import { METRIC } from '../../src/telemetry/names.ts';

export interface Page {
  receiver: string;
  status: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export class StandIn {
  /** Gauges by series; a test sets what it wants to be so. */
  readonly gauges = new Map<string, number>();
  /** Counters by series; each scrape adds this much. */
  readonly counters = new Map<string, number>();
  readonly pages: Page[] = [];
  broken = false;
  readonly #server: Server = createServer((request, response) => {
    this.#answer(request).then(
      ({ status, text }) => response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  #scrapes = 0;

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  set(metric: Metric, labels: Matchers, value: number): void {
    this.gauges.set(selector(metric, labels), value);
  }

  grow(metric: Metric | `${Metric}_bucket`, labels: Matchers & { le?: string }, each: number): void {
    this.counters.set(selector(metric, labels), each);
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; text: string }> {
    if (request.method === 'GET')
      return this.broken ? { status: 500, text: '' } : { status: 200, text: this.#metrics() };
    const receiver = decodeURIComponent((request.url ?? '').split('/').at(-1) ?? '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { alerts } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { alerts: Omit<Page, 'receiver'>[] };
    this.pages.push(...alerts.map(({ status, labels, annotations }) => ({ receiver, status, labels, annotations })));
    return { status: 200, text: '' };
  }

  #metrics(): string {
    this.#scrapes++;
    const counted = [...this.counters].map(([series, each]) => `${series} ${each * this.#scrapes}`);
    return `${[...this.gauges]
      .map(([series, value]) => `${series} ${value}`)
      .concat(counted)
      .join('\n')}\n`;
  }
}

const STATES = ['ok', 'soft', 'hard'];

/** The gauges of one instance, all at once, as the server exports them. */
export function setBudget(
  standIn: StandIn,
  identity: Matchers,
  {
    state,
    spent,
    limit,
    crossed,
  }: { state: string; spent: number; limit: number; crossed: Record<string, [string, boolean]> },
): void {
  standIn.set(METRIC.budgetLimit, identity, limit);
  standIn.set(METRIC.budgetSpent, identity, spent);
  standIn.set(METRIC.budgetReserved, identity, 1.5);
  standIn.set(METRIC.budgetUnresolved, identity, 0);
  standIn.set(METRIC.budgetWindowEnd, identity, 2_000_000_000);
  for (const each of STATES) standIn.set(METRIC.budgetState, { ...identity, state: each }, each === state ? 1 : 0);
  for (const [threshold, [severity, is]] of Object.entries(crossed)) {
    standIn.set(METRIC.budgetThresholdCrossed, { ...identity, threshold, severity }, is ? 1 : 0);
  }
}

/** Everything else that the server exports, busy and healthy. */
export function setTraffic(standIn: StandIn): void {
  for (const metric of [METRIC.ready, METRIC.configLastReloadSuccess, METRIC.sessions]) standIn.set(metric, {}, 1);
  standIn.set(METRIC.waiting, {}, 0);
  const usage = {
    service: 'support-api',
    team: 'support',
    environment: 'production',
    provider: 'openai',
    model: 'gpt-4.1',
  };
  standIn.grow(METRIC.cost, { ...usage, key_alias: 'support-prod' }, 0.5);
  standIn.grow(METRIC.tokens, { ...usage, type: 'input' }, 100);
  standIn.grow(METRIC.calls, { ...usage, outcome: 'ok' }, 2);
  standIn.grow(METRIC.decisions, { decision: 'allow', reason: 'fits' }, 2);
  standIn.grow(METRIC.decisions, { decision: 'block', reason: 'exhausted' }, 1);
  standIn.grow(METRIC.unpricedCalls, { ...usage, model: 'gpt-99' }, 1);
  standIn.grow(METRIC.unownedCost, { ...usage, service: 'cron' }, 0.1);
  const bucket = `${METRIC.decisionDuration}_bucket` as const;
  for (const le of ['0.001', '0.01', '+Inf']) standIn.grow(bucket, { le }, 3);
}

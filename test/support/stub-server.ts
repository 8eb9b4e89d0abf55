/** A stand-in for the spendfuse server's client routes: it decides what the test tells it to and keeps what it hears. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  HeartbeatRequest,
  Recall,
  ReservationRequest,
  SessionRequest,
  SettlementRequest,
  SettlementsRequest,
  SliceClose,
  SliceWant,
  WireRateCard,
  WireRoute,
  WireRules,
  WireSlice,
} from '../../src/protocol/wire.ts';
import { readBody, stop } from './provider.ts';

export interface StubReply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Answer later; with `processing`, `102 Processing` is sent at once. */
  afterMs?: number;
  processing?: boolean;
}

export interface StubServer {
  url: string;
  sessions: SessionRequest[];
  heartbeats: HeartbeatRequest[];
  ended: string[];
  reservations: ReservationRequest[];
  settlements: SettlementRequest[];
  closes: SliceClose[];
  /** Slices that were granted. */
  slices: WireSlice[];
  /** Whether a slice is granted, and how much; all that is wanted by default. */
  grant: (want: SliceWant) => WireSlice | undefined;
  /** Goes along with the next heartbeat's or settlements' answer, once. */
  recall: Recall | undefined;
  authorizations: Set<string | undefined>;
  rules: WireRules;
  rateCards: WireRateCard[];
  heartbeatMs: number;
  /** What the next reservation is answered; `allow` by default. */
  decide: (request: ReservationRequest) => StubReply;
  /** Overrides any route's answer; undefined: the usual one. */
  intercept: (method: string, path: string) => StubReply | undefined;
  /** Resolves when `count` settlements have come; rejects after 10 s with those that have. */
  settled(count: number): Promise<SettlementRequest[]>;
  stop(): Promise<void>;
}

export const RULES: WireRules = {
  version: 'v1',
  admission: 'server',
  when_unreachable: 'allow',
  unreachable_allowance: '1000000000',
  max_wait_ms: 2000,
};

export const allow = (request: ReservationRequest): StubReply => ({
  status: 201,
  body: { hold: request.attempt_id, decision: 'allow', amount: '1000', expires_at: '2026-11-22T00:00:00Z' },
});

/** Such a route as the server sends where attempts like this one need not ask. */
export function routeOver(slots: readonly string[], card: unknown, more: Partial<WireRoute> = {}): WireRoute {
  return {
    slots: slots.map((slot) => ({ slot })),
    decision: 'allow',
    valid_ms: 60_000,
    card: { provider: 'openai', model: 'gpt-4.1', catalogue: 'test', card },
    ...more,
  };
}

export const allowBy =
  (route: WireRoute) =>
  (request: ReservationRequest): StubReply => {
    const reply = allow(request);
    return request.route ? { ...reply, body: { ...(reply.body as object), route } } : reply;
  };

export const deny = (): StubReply => ({
  status: 402,
  headers: { 'content-type': 'application/problem+json' },
  body: {
    type: '/problems/budget-exceeded',
    title: 'Budget exceeded',
    status: 402,
    code: 'exhausted',
    budget: 'support-production',
    action: 'block',
    state: 'hard',
    limit: '5000000000000',
    spent: '4999100000000',
    detail: 'the month is spent',
    retry_after: null,
    alert_id: 'alert-1',
  },
});

export async function startStub(port = 0): Promise<StubServer> {
  const server = createServer((request, response) => {
    handle(stub, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stub = create(server);
  return stub;
}

function create(server: Server): StubServer {
  const stub: StubServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions: [],
    heartbeats: [],
    ended: [],
    reservations: [],
    settlements: [],
    closes: [],
    slices: [],
    grant: ({ slice, amount }) => ({ slice, amount, valid_ms: 5_000 }),
    recall: undefined,
    authorizations: new Set(),
    rules: { ...RULES },
    rateCards: [],
    heartbeatMs: 60_000,
    decide: allow,
    intercept: () => undefined,
    settled: (count) =>
      until(
        () => stub.settlements.length >= count,
        () => stub.settlements,
      ),
    stop: () => stop(server),
  };
  return stub;
}

export async function until<T>(holds: () => boolean, value: () => T): Promise<T> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`did not come about; so far: ${JSON.stringify(value())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return value();
}

async function handle(stub: StubServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await readBody(request);
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  stub.authorizations.add(request.headers.authorization);
  const method = request.method ?? '';
  const path = request.url ?? '';
  const reply = stub.intercept(method, path) ?? route(stub, method, path, body);
  if (reply.processing) response.writeProcessing();
  if (reply.afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, reply.afterMs));
  response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
  response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
}

function route(stub: StubServer, method: string, path: string, body: unknown): StubReply {
  if (path === '/v1/sessions') return open(stub, body as SessionRequest);
  if (method === 'DELETE') {
    stub.ended.push(path.split('/')[3] ?? '');
    return { status: 200, body: { ended: true } };
  }
  if (path.endsWith('/heartbeat')) {
    return heartbeat(stub, body as HeartbeatRequest);
  }
  if (path === '/v1/reservations') {
    stub.reservations.push(body as ReservationRequest);
    return stub.decide(body as ReservationRequest);
  }
  if (path === '/v1/settlements') return settle(stub, body as SettlementsRequest);
  return { status: 404, body: { detail: 'no such route' } };
}

function open(stub: StubServer, request: SessionRequest): StubReply {
  stub.sessions.push(request);
  const { rules, rateCards, heartbeatMs } = stub;
  const body = {
    session: request.session,
    heartbeat_ms: heartbeatMs,
    server_time: new Date().toISOString(),
    rules,
    rate_cards: rateCards,
  };
  return { status: 201, body };
}

function heartbeat(stub: StubServer, request: HeartbeatRequest): StubReply {
  stub.heartbeats.push(request);
  const slices = (request.wants ?? []).flatMap((want) => stub.grant(want) ?? []);
  stub.slices.push(...slices);
  const { rules } = stub;
  return { status: 200, body: { server_time: new Date().toISOString(), rules, slices, ...recallOf(stub) } };
}

function recallOf(stub: StubServer): { recall?: Recall } {
  const { recall } = stub;
  stub.recall = undefined;
  return recall ? { recall } : {};
}

function settle(stub: StubServer, { settlements, closes = [] }: SettlementsRequest): StubReply {
  stub.closes.push(...closes);
  const results = settlements.map((settlement) => {
    const known = stub.settlements.some(({ attempt_id: id, end }) => id === settlement.attempt_id && end !== 'open');
    if (!known) stub.settlements.push(settlement);
    return { attempt_id: settlement.attempt_id, outcome: known ? 'duplicate' : settlement.end };
  });
  return { status: 200, body: { results, ...recallOf(stub) } };
}

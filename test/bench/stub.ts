/** The server's answers without a server: what is measured is the process of the client. */
import type { Transport } from '../../src/client/transport.ts';
import type { HeartbeatRequest, ReservationRequest, SettlementsRequest } from '../../src/protocol/wire.ts';
import { routeOver } from './admission.ts';

/** Whether routes and slices are granted, or each attempt asks. */
export const granting = { leases: false };

export const stub: Transport = async (_method, path, body) => {
  if (path === '/v1/sessions') return { status: 201, body: SESSION };
  if (path === '/v1/reservations') return { status: 201, body: grantOf(body as ReservationRequest) };
  if (path.endsWith('/heartbeat')) return { status: 200, body: { slices: slicesOf(body as HeartbeatRequest) } };
  const { settlements = [] } = (body ?? {}) as Partial<SettlementsRequest>;
  return { status: 200, body: { results: settlements.map(({ attempt_id }) => ({ attempt_id, outcome: 'settled' })) } };
};
const RULES = {
  version: '1',
  admission: 'server',
  when_unreachable: 'allow',
  unreachable_allowance: '0',
  max_wait_ms: 0,
};
const SESSION = { session: 's', heartbeat_ms: 60_000, server_time: '', rules: RULES, rate_cards: [] };
const GRANT = { hold: 'h', decision: 'allow', amount: '1', expires_at: '' };

function grantOf({ route, provider, model }: ReservationRequest) {
  return route && granting.leases ? { ...GRANT, route: routeOver(6, provider, model) } : GRANT;
}

/** Nobody runs out of these. */
const slicesOf = ({ wants = [] }: HeartbeatRequest) =>
  wants.map(({ slice }) => ({ slice, amount: '1000000000000000', valid_ms: 60_000 }));

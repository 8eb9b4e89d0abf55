/** Evidence between its wire form (snake_case) and the domain's. */
import type { Evidence, Fallback } from '../domain/evidence.ts';
import type { WireEvidence, WireFallback } from './wire.ts';

export function evidenceToWire(evidence: Evidence): WireEvidence {
  const wire: WireEvidence = {};
  if (evidence.gateway !== undefined) wire.gateway = evidence.gateway;
  if (evidence.gatewayRoute !== undefined) wire.gateway_route = evidence.gatewayRoute;
  if (evidence.gatewayCached) wire.gateway_cached = true;
  if (evidence.servedProvider !== undefined) wire.served_provider = evidence.servedProvider;
  if (evidence.reportedCostNanoUsd !== undefined) wire.reported_cost = evidence.reportedCostNanoUsd.toString();
  if (evidence.fallback) wire.fallback = fallbackToWire(evidence.fallback);
  return wire;
}

export function evidenceFromWire(wire: WireEvidence): Evidence {
  const evidence: Evidence = {};
  if (wire.gateway !== undefined) evidence.gateway = wire.gateway;
  if (wire.gateway_route !== undefined) evidence.gatewayRoute = wire.gateway_route;
  if (wire.gateway_cached) evidence.gatewayCached = true;
  if (wire.served_provider !== undefined) evidence.servedProvider = wire.served_provider;
  if (wire.reported_cost !== undefined) evidence.reportedCostNanoUsd = BigInt(wire.reported_cost);
  if (wire.fallback) evidence.fallback = fallbackFromWire(wire.fallback);
  return evidence;
}

function fallbackToWire({ attemptId, ...same }: Fallback): WireFallback {
  return attemptId === undefined ? same : { ...same, attempt_id: attemptId };
}

function fallbackFromWire({ attempt_id: attemptId, ...same }: WireFallback): Fallback {
  return attemptId === undefined ? same : { ...same, attemptId };
}

import type { EpochMs } from '../domain/time.ts';
import type { Enforcer } from '../enforce/enforcer.ts';
import type { Metrics } from './metrics/metrics.ts';
import { alertRoutes } from './resources/alerts.ts';
import { budgetRoutes } from './resources/budgets.ts';
import { clockRoutes } from './resources/clock.ts';
import { healthRoutes } from './resources/health.ts';
import { metricsRoutes } from './resources/metrics.ts';
import { openapiRoutes } from './resources/openapi.ts';
import { reservationRoutes } from './resources/reservations.ts';
import { sessionRoutes } from './resources/sessions.ts';
import { settlementRoutes } from './resources/settlements.ts';
import { usageRoutes } from './resources/usage.ts';
import type { Route } from './route.ts';
import type { Drain } from './wait.ts';

export interface Resources {
  enforcer: Enforcer;
  metrics: Metrics;
  drain: Drain;
  clock: () => EpochMs;
  version: string;
}

/** Every route of the server. */
export function allRoutes({ enforcer, metrics, drain, clock, version }: Resources): Route[] {
  const routes = [
    ...sessionRoutes(enforcer),
    ...reservationRoutes(enforcer),
    ...settlementRoutes(enforcer),
    ...budgetRoutes(enforcer),
    ...usageRoutes(enforcer, clock),
    ...alertRoutes(enforcer),
    ...clockRoutes(enforcer),
    ...metricsRoutes(metrics),
    ...healthRoutes(enforcer, drain, version),
  ];
  return [...routes, ...openapiRoutes(routes, version)];
}

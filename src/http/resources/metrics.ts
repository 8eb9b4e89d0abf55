import type { Metrics } from '../metrics/metrics.ts';
import { type Route, route } from '../route.ts';

/** What Prometheus scrapes. */
export function metricsRoutes(metrics: Metrics): Route[] {
  return [
    route({
      method: 'GET',
      path: '/metrics',
      access: ['metrics'],
      doc: {
        summary: 'Metrics for Prometheus',
        replies: { 200: { description: 'Text format 0.0.4.', contentType: 'text/plain' } },
      },
      handle: async () => ({ status: 200, text: await metrics.render(), contentType: metrics.contentType }),
    }),
  ];
}

import type { Enforcer } from '../../enforce/enforcer.ts';
import { unavailable } from '../problem.ts';
import { healthReplySchema, problemSchema, readyReplySchema } from '../replies.ts';
import { type Route, route } from '../route.ts';
import type { Drain } from '../wait.ts';

/** Probes: `healthz` says that the process answers, `readyz` that it can decide. */
export function healthRoutes(enforcer: Enforcer, drain: Drain, version: string): Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      access: 'anyone',
      doc: { summary: 'Is the process alive', replies: { 200: { description: 'It is.', schema: healthReplySchema } } },
      handle: () => ({ status: 200, body: { status: 'ok', version } }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      access: 'anyone',
      doc: {
        summary: 'Can the server decide',
        replies: {
          200: { description: 'It can.', schema: readyReplySchema },
          503: { description: 'Why not.', schema: problemSchema, contentType: 'application/problem+json' },
        },
      },
      handle() {
        const { ready, reasons } = drain.closing
          ? { ready: false, reasons: ['the server is closing'] }
          : enforcer.readiness();
        if (ready) return { status: 200, body: { status: 'ready' } };
        return unavailable('not-ready', reasons.join('; '), { extra: { reasons } });
      },
    }),
  ];
}

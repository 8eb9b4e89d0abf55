import type { Enforcer } from '../../enforce/enforcer.ts';
import { isRefusal } from '../../enforce/refusal.ts';
import { refusalProblem } from '../problem.ts';
import { heartbeatReplySchema, sessionReplySchema } from '../replies.ts';
import { MAX_BATCH_BYTES, MAX_BODY_BYTES, type Route, route } from '../route.ts';
import { heartbeatRequestSchema, sessionRequestSchema } from '../schemas.ts';

/** A client process: it opens a session, heartbeats, and ends it. */
export function sessionRoutes(enforcer: Enforcer): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/sessions',
      access: ['client'],
      body: { schema: sessionRequestSchema, maxBytes: MAX_BODY_BYTES },
      doc: {
        summary: 'Open a session',
        replies: { 201: { description: 'Rules and rate cards for the session.', schema: sessionReplySchema } },
      },
      async handle({ body, principal }) {
        const reply = await enforcer.openSession(body, principal);
        return isRefusal(reply) ? refusalProblem(reply) : { status: 201, body: reply };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/sessions/:id/heartbeat',
      access: ['client'],
      hot: true,
      body: { schema: heartbeatRequestSchema, maxBytes: MAX_BATCH_BYTES },
      doc: {
        summary: 'Say that a session lives',
        replies: { 200: { description: 'Rules and rate cards, where they changed.', schema: heartbeatReplySchema } },
      },
      async handle({ id, body, principal }) {
        const reply = await enforcer.heartbeat(id, body, principal);
        return isRefusal(reply) ? refusalProblem(reply) : { status: 200, body: reply };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/sessions/:id',
      access: ['client'],
      doc: { summary: 'End a session', replies: { 204: { description: 'Its live holds are unresolved now.' } } },
      async handle({ id, principal }) {
        const reply = await enforcer.endSession(id, principal);
        return isRefusal(reply) ? refusalProblem(reply) : { status: 204 };
      },
    }),
  ];
}

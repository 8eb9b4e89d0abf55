import type { Enforcer } from '../../enforce/enforcer.ts';
import { instant } from '../present.ts';
import { clockReplySchema } from '../replies.ts';
import { type Route, route } from '../route.ts';

/** After a forward jump of the clock nothing is decided until somebody says that it is right. */
export function clockRoutes(enforcer: Enforcer): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/clock/confirm',
      access: ['operator'],
      doc: {
        summary: "Confirm that the server's clock is right",
        replies: { 200: { description: 'The time that is ledger time now.', schema: clockReplySchema } },
      },
      async handle({ principal }) {
        const { now } = await enforcer.confirmClock(principal);
        return { status: 200, body: { now: instant(now) } };
      },
    }),
  ];
}

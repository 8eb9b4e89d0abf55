import { z } from 'zod';
import type { Enforcer } from '../../enforce/enforcer.ts';
import { unknownCursor } from '../paging.ts';
import { presentAlert } from '../present.ts';
import { pageShape } from '../query.ts';
import { alertsReplySchema } from '../replies.ts';
import { type Route, route } from '../route.ts';

const DEFAULT_ALERTS = 100;

/** What has crossed what, with its evidence. */
export function alertRoutes(enforcer: Enforcer): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/alerts',
      access: ['operator', 'finance'],
      query: z.strictObject(pageShape),
      doc: {
        summary: 'List the alert events',
        replies: { 200: { description: 'As the ledger recorded them.', schema: alertsReplySchema } },
      },
      async handle({ query: { limit = DEFAULT_ALERTS, cursor } }) {
        try {
          const { items, next } = await enforcer.alerts({ limit, cursor });
          return { status: 200, body: { items: items.map(presentAlert), next } };
        } catch (error) {
          // The ledger's own cursors are opaque here; it alone knows that one is not its own.
          if (error instanceof RangeError && cursor !== undefined) return unknownCursor();
          throw error;
        }
      },
    }),
  ];
}

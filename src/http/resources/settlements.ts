import type { z } from 'zod';
import type { Enforcer, Principal } from '../../enforce/enforcer.ts';
import type { SettlementRequest, SettlementResult, SettlementsReply } from '../../protocol/wire.ts';
import { quickParse } from '../quick.ts';
import { settlementsReplySchema } from '../replies.ts';
import { MAX_BATCH_BYTES, type Route, route } from '../route.ts';
import {
  settlementRequestSchema,
  settlementsEnvelopeSchema,
  settlementsRequestSchema,
  sliceCloseSchema,
} from '../schemas.ts';
import { describeMistakes, mistakesOf } from '../validate.ts';

/** Many attempts at once: what a client's journal sends. */
export function settlementRoutes(enforcer: Enforcer): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/settlements',
      access: ['client'],
      hot: true,
      body: { schema: settlementsEnvelopeSchema, maxBytes: MAX_BATCH_BYTES },
      doc: {
        summary: 'Book a batch of settlements',
        description:
          'A bad element is answered `invalid` and does not spoil the others; a bad close is left out, and its slice is ' +
          'unresolved when its time is over.',
        replies: { 200: { description: 'One result for each, in order.', schema: settlementsReplySchema } },
        body: settlementsRequestSchema,
      },
      async handle({ body, principal }) {
        return { status: 200, body: await settleAll(enforcer, body, principal) };
      },
    }),
  ];
}

async function settleAll(
  enforcer: Enforcer,
  { settlements, closes = [] }: z.infer<typeof settlementsEnvelopeSchema>,
  principal: Principal,
): Promise<SettlementsReply> {
  const results: (SettlementResult | undefined)[] = [];
  const valid: SettlementRequest[] = [];
  for (const element of settlements) {
    const checked = quickParse(settlementRequestSchema, element);
    if (checked.success) valid.push(checked.data);
    results.push(checked.success ? undefined : invalid(element, describeMistakes(mistakesOf(checked.error))));
  }
  const closing = closes.flatMap((element) => quickParse(sliceCloseSchema, element).data ?? []);
  const booked = await enforcer.settleMany(
    { settlements: valid, ...(closing.length > 0 && { closes: closing }) },
    principal,
  );
  let next = 0;
  return { ...booked, results: results.map((result) => result ?? (booked.results[next++] as SettlementResult)) };
}

function invalid(element: unknown, detail: string): SettlementResult {
  const id = typeof element === 'object' && element !== null && 'attempt_id' in element ? element.attempt_id : '';
  return { attempt_id: typeof id === 'string' ? id.slice(0, 128) : '', outcome: 'invalid', detail };
}

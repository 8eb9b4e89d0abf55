import type { Enforcer, Principal } from '../../enforce/enforcer.ts';
import type { SettlementRequest, SettlementResult } from '../../protocol/wire.ts';
import { settlementsReplySchema } from '../replies.ts';
import { MAX_BATCH_BYTES, type Route, route } from '../route.ts';
import { settlementRequestSchema, settlementsEnvelopeSchema, settlementsRequestSchema } from '../schemas.ts';
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
        description: 'A bad element is answered `invalid` and does not spoil the others.',
        replies: { 200: { description: 'One result for each, in order.', schema: settlementsReplySchema } },
        body: settlementsRequestSchema,
      },
      async handle({ body, principal }) {
        return { status: 200, body: { results: await settleAll(enforcer, body.settlements, principal) } };
      },
    }),
  ];
}

async function settleAll(
  enforcer: Enforcer,
  elements: readonly unknown[],
  principal: Principal,
): Promise<SettlementResult[]> {
  const results: (SettlementResult | undefined)[] = [];
  const valid: SettlementRequest[] = [];
  for (const element of elements) {
    const checked = settlementRequestSchema.safeParse(element);
    if (checked.success) valid.push(checked.data);
    results.push(checked.success ? undefined : invalid(element, describeMistakes(mistakesOf(checked.error))));
  }
  const booked = valid.length > 0 ? await enforcer.settleMany(valid, principal) : [];
  let next = 0;
  return results.map((result) => result ?? (booked[next++] as SettlementResult));
}

function invalid(element: unknown, detail: string): SettlementResult {
  const id = typeof element === 'object' && element !== null && 'attempt_id' in element ? element.attempt_id : '';
  return { attempt_id: typeof id === 'string' ? id.slice(0, 128) : '', outcome: 'invalid', detail };
}

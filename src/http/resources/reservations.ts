import { z } from 'zod';
import type { Enforcer } from '../../enforce/enforcer.ts';
import { isRefusal } from '../../enforce/refusal.ts';
import type { ReleaseOutcome } from '../../ledger/ledger.ts';
import type { ReservationRequest } from '../../protocol/wire.ts';
import { denialReply } from '../denial.ts';
import { pageOf } from '../paging.ts';
import { presentHold, presentReceipt } from '../present.ts';
import { problem, refusalProblem, unavailable } from '../problem.ts';
import { pageShape } from '../query.ts';
import {
  budgetProblemSchema,
  holdsReplySchema,
  releaseReplySchema,
  reservationReplySchema,
  settlementReplySchema,
  writeOffReplySchema,
} from '../replies.ts';
import { type Call, MAX_BODY_BYTES, type Reply, type Route, route } from '../route.ts';
import { reservationRequestSchema, settlementBodySchema, writeOffRequestSchema } from '../schemas.ts';

const REPLAYED = { 'idempotent-replayed': 'true' };

/** One attempt: reserve, then settle or release; and what operators do about holds that nobody settled. */
export function reservationRoutes(enforcer: Enforcer): Route[] {
  return [reserveRoute(enforcer), settleRoute(enforcer), releaseRoute(enforcer), ...operatorRoutes(enforcer)];
}

function reserveRoute(enforcer: Enforcer): Route {
  return route({
    method: 'POST',
    path: '/v1/reservations',
    access: ['client'],
    hot: true,
    body: { schema: reservationRequestSchema, maxBytes: MAX_BODY_BYTES },
    doc: {
      summary: 'Ask whether an attempt may happen, and hold its worst case',
      description: 'The attempt id is the idempotency key. A 102 says that the attempt waits for live holds to end.',
      replies: {
        201: { description: 'Held. A rewrite asks to send that instead.', schema: reservationReplySchema },
        402: denied('Denied.'),
        429: denied('Denied for now: wait for Retry-After seconds.'),
      },
    },
    handle: (call) => reserve(enforcer, call),
  });
}

function denied(description: string) {
  return { description, schema: budgetProblemSchema, contentType: 'application/problem+json' };
}

async function reserve(
  enforcer: Enforcer,
  { body, principal, wait }: Call<ReservationRequest, undefined>,
): Promise<Reply> {
  try {
    const outcome = await enforcer.reserve(body, principal, wait);
    if ('granted' in outcome) {
      return { status: 201, body: outcome.granted, headers: outcome.replayed ? REPLAYED : undefined };
    }
    if (wait.ended) return closing();
    return 'denied' in outcome ? denialReply(outcome.denied) : refusalProblem(outcome);
  } catch (error) {
    if (wait.ended) return closing();
    throw error;
  } finally {
    wait.done();
  }
}

function closing(): Reply {
  return unavailable('not-ready', 'the server is closing; nothing is held for this attempt; try again');
}

function settleRoute(enforcer: Enforcer): Route {
  return route({
    method: 'POST',
    path: '/v1/reservations/:id/settle',
    access: ['client'],
    hot: true,
    body: { schema: settlementBodySchema, maxBytes: MAX_BODY_BYTES },
    doc: {
      summary: 'Book what an attempt truly used',
      description: 'Posted in full, even above its hold. The same settlement again answers the first result.',
      replies: { 200: { description: 'The cost and how it was reached.', schema: settlementReplySchema } },
    },
    async handle({ id, body, principal }) {
      const reply = await enforcer.settle(id, body, principal);
      if (isRefusal(reply)) return refusalProblem(reply);
      const { costNanoUsd, receipt, replayed } = reply;
      return { status: 200, body: { cost: costNanoUsd.toString(), receipt: presentReceipt(receipt), replayed } };
    },
  });
}

function releaseRoute(enforcer: Enforcer): Route {
  return route({
    method: 'POST',
    path: '/v1/reservations/:id/release',
    access: ['client'],
    hot: true,
    doc: {
      summary: 'Free the hold of an attempt that was never sent, or rejected before output',
      replies: { 200: { description: 'Freed, now or before.', schema: releaseReplySchema } },
    },
    async handle({ id, principal }) {
      const reply = await enforcer.release(id, principal);
      if ('refused' in reply) return refusalProblem(reply);
      return freed(id, reply, { released: 'released', already_released: 'already_released' });
    },
  });
}

function operatorRoutes(enforcer: Enforcer): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/reservations/:id/write-off',
      access: ['operator'],
      body: { schema: writeOffRequestSchema, maxBytes: MAX_BODY_BYTES },
      doc: {
        summary: 'Close an unresolved hold at $0, with a reason',
        replies: { 200: { description: 'Closed, now or before.', schema: writeOffReplySchema } },
      },
      async handle({ id, body, principal }) {
        const reply = await enforcer.writeOff(id, body.reason, principal);
        if ('refused' in reply) return refusalProblem(reply);
        return freed(id, reply, { released: 'written_off', already_released: 'already_written_off' });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/reservations',
      access: ['operator'],
      query: z.strictObject({ state: z.literal('unresolved'), ...pageShape }),
      doc: {
        summary: 'List the holds that nobody has accounted for',
        replies: { 200: { description: 'Ordered by attempt id.', schema: holdsReplySchema } },
      },
      async handle({ query }) {
        const holds = (await enforcer.unresolved()).toSorted((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
        const page = pageOf(holds, (hold) => hold.attemptId, query);
        if ('problem' in page) return page.problem;
        return { status: 200, body: { ...page, items: page.items.map(presentHold) } };
      },
    }),
  ];
}

function freed(id: string, { outcome }: ReleaseOutcome, words: Record<'released' | 'already_released', string>): Reply {
  if (outcome === 'unknown') return problem(404, 'not-found', `there is no reservation "${id}"`);
  if (outcome === 'conflict') {
    return problem(409, 'conflict', `reservation "${id}" is not in a state that allows this; nothing was changed`);
  }
  return { status: 200, body: { outcome: words[outcome] } };
}

/** What replies look like, for the OpenAPI document and for whoever reads them; money is decimal strings of nano-USD. */
import { z } from 'zod';
import { COST_CLASSES } from '../domain/budget.ts';
import type {
  BudgetProblem,
  HeartbeatReply,
  Recall,
  ReservationReply,
  SessionReply,
  SettlementsReply,
  WireRateCard,
  WireRoute,
  WireRules,
} from '../protocol/wire.ts';
import type { Agrees } from './agrees.ts';
import { attributionSchema, attributionShape } from './schemas.ts';

const money = z.string().meta({ id: 'NanoUsd', pattern: '^-?\\d+$', description: 'Nano-USD as a decimal string.' });
const instant = z.string().meta({ id: 'Instant', format: 'date-time', description: 'ISO 8601, UTC.' });
const number = z.int().min(0);
const state = z.enum(['ok', 'soft', 'hard']);
const severity = z.enum(['info', 'warning', 'critical']);
const window = z.object({ start: instant, end: instant });
const next = z.string().optional().describe('Pass as `cursor` to go on; absent at the end.');

const rulesSchema = z
  .object({
    version: z.string(),
    admission: z.enum(['server', 'none']),
    when_unreachable: z.enum(['allow', 'block']),
    unreachable_allowance: money,
    max_wait_ms: number,
  })
  .meta({ id: 'Rules' });
const rateCardSchema = z
  .object({ provider: z.string(), model: z.string(), catalogue: z.string(), card: z.unknown() })
  .meta({ id: 'RateCard' });

export const sessionReplySchema = z
  .object({
    session: z.string(),
    heartbeat_ms: number,
    server_time: instant,
    rules: rulesSchema,
    rate_cards: z.array(rateCardSchema),
  })
  .meta({ id: 'SessionReply' });
const recallSchema = z
  .object({
    close: z.array(z.string()).optional().describe('Slots: close every slice of them now, others wait.'),
    forget: z.array(z.string()).optional().describe('Slots: forget every route over them.'),
    all: z.literal(true).optional().describe('Close everything, forget every route, report attempts in flight.'),
  })
  .meta({ id: 'Recall', description: 'What a session has to do about its slices.' });
const sliceSchema = z.object({ slice: z.string(), amount: money, valid_ms: number }).meta({
  id: 'Slice',
  description: 'Money that a session may admit attempts from; valid from when it was asked for.',
});
export const heartbeatReplySchema = z
  .object({
    server_time: instant,
    rules: rulesSchema.optional(),
    rate_cards: z.array(rateCardSchema).optional(),
    slices: z.array(sliceSchema).optional(),
    recall: recallSchema.optional(),
  })
  .meta({ id: 'HeartbeatReply' });

const routeSchema = z
  .object({
    slots: z.array(
      z.object({
        slot: z.string(),
        classes: z.array(z.enum(COST_CLASSES)).optional(),
        held_ppm: number.optional(),
        held_at_least: money.optional(),
      }),
    ),
    decision: z.enum(['allow', 'warn']),
    budget: z.string().optional(),
    valid_ms: number,
    card: rateCardSchema,
  })
  .meta({ id: 'Route', description: 'How attempts like this one may be admitted without asking.' });

export const reservationReplySchema = z
  .object({
    hold: z.string(),
    decision: z.enum(['allow', 'warn', 'downgrade']),
    amount: money,
    expires_at: instant,
    rewrite: z.object({ model: z.string().optional(), max_output_tokens: number.optional() }).optional(),
    budget: z.string().optional(),
    route: routeSchema.optional(),
    tighten: z.literal(true).optional(),
  })
  .meta({ id: 'ReservationReply' });

export const receiptSchema = z
  .object({
    catalogue: z.string(),
    source: z.enum(['contract', 'genai-prices', 'overlay', 'ceiling']),
    provider: z.string(),
    model: z.string(),
    status: z.enum(['exact', 'partial', 'estimated', 'unpriced']),
    priced_at: instant,
    modifiers: z.array(z.string()),
    lines: z.array(
      z.object({ unit: z.string(), class: z.enum(COST_CLASSES), quantity: z.number(), nano_usd_per_million: money }),
    ),
    notes: z.array(z.string()).optional(),
    cost: money,
  })
  .meta({ id: 'Receipt', description: 'How a cost was reached; replaying the lines gives `cost` again.' });
export const settlementReplySchema = z
  .object({ cost: money, receipt: receiptSchema, replayed: z.boolean() })
  .meta({ id: 'SettlementReply' });
export const settlementsReplySchema = z
  .object({
    results: z.array(
      z.object({
        attempt_id: z.string(),
        outcome: z.enum(['settled', 'duplicate', 'released', 'lost', 'open', 'conflict', 'invalid']),
        cost: money.optional(),
        detail: z.string().optional(),
      }),
    ),
    recall: recallSchema.optional(),
  })
  .meta({ id: 'SettlementsReply', description: 'One result for each settlement, in their order.' });
export const releaseReplySchema = z
  .object({ outcome: z.enum(['released', 'already_released']) })
  .meta({ id: 'ReleaseReply' });
export const writeOffReplySchema = z
  .object({ outcome: z.enum(['written_off', 'already_written_off']) })
  .meta({ id: 'WriteOffReply' });

export const holdSchema = z
  .object({
    attempt_id: z.string(),
    call_id: z.string(),
    session: z.string(),
    provider: z.string(),
    model: z.string(),
    attribution: attributionSchema,
    amount: money,
    unresolved: money.describe('What of it nobody has accounted for yet.'),
    admitted_at: instant,
    state: z.enum(['held', 'unresolved', 'settled', 'released', 'written_off']),
    unresolved_since: instant.optional(),
    reason: z.string().optional(),
    slice: z
      .object({ granted: money, told: money, valid_until: instant, closed: z.boolean() })
      .optional()
      .describe(
        'It is no attempt but money from which its session admitted attempts by itself, between `admitted_at` and ' +
          '`valid_until`. `told`: of attempts that the server has heard of. `closed`: the session said what it drew.',
      ),
    accounts: z.array(z.object({ budget: z.string(), account: z.string(), amount: money })),
  })
  .meta({ id: 'Hold' });
export const holdsReplySchema = z.object({ items: z.array(holdSchema), next }).meta({ id: 'Holds' });

export const budgetInstanceSchema = z
  .object({
    budget: z.string(),
    instance: z.string(),
    labels: attributionSchema,
    owner: z.string(),
    shadow: z.boolean(),
    window,
    state,
    limit: money,
    cap: money.optional().describe('Where calls are stopped; absent for a budget that only tells.'),
    spent: money,
    reserved: money,
    unresolved: money,
    thresholds: z.array(
      z.object({
        at: z.string().describe('As a percentage of the limit: `80%`.'),
        amount: money,
        severity,
        action: z.enum(['block', 'pause', 'downgrade']).optional(),
        crossed: z.boolean(),
      }),
    ),
    open_alerts: number,
  })
  .meta({ id: 'BudgetInstance' });
export const budgetsReplySchema = z.object({ items: z.array(budgetInstanceSchema), next }).meta({ id: 'Budgets' });

const usageGroupSchema = z
  .strictObject({ ...attributionShape, served_provider: z.string().optional(), served_model: z.string().optional() })
  .meta({ id: 'UsageGroup', description: '`provider` and `model` are what was asked for.' });

export const usageReplySchema = z
  .object({
    from: instant,
    to: instant,
    items: z.array(
      z.object({
        group: usageGroupSchema,
        cost: money,
        calls: number,
        input_tokens: number,
        cached_read_tokens: number,
        cache_write_tokens: number,
        output_tokens: number,
        reasoning_tokens: number,
        unpriced_calls: number,
        estimated_calls: number,
      }),
    ),
    next,
  })
  .meta({ id: 'UsageReport' });

export const alertSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['threshold', 'denied', 'unpriced']),
    budget: z.string(),
    instance: z.string(),
    labels: attributionSchema,
    window,
    threshold: z.string().optional().describe('As a percentage of the limit; absent where no threshold was crossed.'),
    severity,
    state,
    owner: z.string(),
    notify: z.array(z.string()),
    limit: money,
    spent: money,
    action: z.string().optional(),
    shadow: z.boolean(),
    attempt_id: z.string().optional(),
    created_at: instant,
  })
  .meta({ id: 'AlertEvent' });
export const alertsReplySchema = z.object({ items: z.array(alertSchema), next }).meta({ id: 'AlertEvents' });

export const clockReplySchema = z.object({ now: instant }).meta({ id: 'Clock' });
export const healthReplySchema = z.object({ status: z.literal('ok'), version: z.string() }).meta({ id: 'Health' });
export const readyReplySchema = z.object({ status: z.literal('ready') }).meta({ id: 'Ready' });

const problemShape = {
  type: z.string(),
  title: z.string(),
  status: number,
  detail: z.string(),
};
export const problemSchema = z
  .object({
    ...problemShape,
    code: z.string().optional(),
    errors: z
      .array(z.object({ pointer: z.string().optional(), parameter: z.string().optional(), detail: z.string() }))
      .optional()
      .describe('Every mistake: the JSON pointer of a body, or the name of a query parameter.'),
    reasons: z.array(z.string()).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `type` ends in `problems/<kind>`.' });
export const budgetProblemSchema = z
  .object({
    ...problemShape,
    code: z.enum(['exhausted', 'contended', 'unmatched']),
    budget: z.string().nullable(),
    instance_key: z.string().optional(),
    action: z.enum(['block', 'pause', 'downgrade']),
    state: state.optional(),
    limit: money.optional(),
    spent: money.optional(),
    retry_after: z.number().nullable().describe('Seconds.'),
    alert_id: z.string().nullable(),
    tighten: z.literal(true).optional().describe('A bound with counted tokens instead of bytes may fit.'),
  })
  .meta({ id: 'BudgetProblem', description: 'A denial: 402, or 429 with Retry-After when waiting may help.' });

/** Compiles only while each schema means exactly its wire type. */
const agreement: readonly [
  Agrees<typeof rulesSchema, WireRules>,
  Agrees<typeof rateCardSchema, WireRateCard>,
  Agrees<typeof sessionReplySchema, SessionReply>,
  Agrees<typeof heartbeatReplySchema, HeartbeatReply>,
  Agrees<typeof recallSchema, Recall>,
  Agrees<typeof routeSchema, WireRoute>,
  Agrees<typeof reservationReplySchema, ReservationReply>,
  Agrees<typeof settlementsReplySchema, SettlementsReply>,
  Agrees<typeof budgetProblemSchema, BudgetProblem>,
] = [true, true, true, true, true, true, true, true, true];
void agreement;

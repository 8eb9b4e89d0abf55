/**
 * What requests look like, once: validation, the OpenAPI document and (checked below) the wire types say the same.
 * Objects are strict, because a mistyped usage count or dimension would be money that nobody sees.
 */
import { z } from 'zod';
import { type Attribution, DIMENSIONS, type Dimension, MAX_ATTRIBUTION_VALUE_LENGTH } from '../domain/attribution.ts';
import { FINGERPRINT_PATTERN } from '../domain/fingerprint.ts';
import { MAX_USAGE_COUNT } from '../domain/usage.ts';
import type {
  HeartbeatRequest,
  ReservationRequest,
  SessionRequest,
  SettlementBody,
  SettlementRequest,
  SettlementsRequest,
  SliceClose,
  WireBound,
  WireEvidence,
  WireUsage,
} from '../protocol/wire.ts';
import type { Agrees } from './agrees.ts';

/** More slices than one session can be short of at once, and more budgets than match one attempt. */
const MAX_WANTS = 4_096;
const MAX_DRAWS = 1_024;

/** Characters that need no escaping in a path, a log line or a label. */
export const ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;
/** Means the same with and without the `u` flag, because readers of the OpenAPI document differ in it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it refuses
const PRINTABLE = /^[^\u0000-\u001f\u007f-\u009f]+$/;

export const idSchema = z.string().regex(ID_PATTERN, 'must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -');
const text = z
  .string()
  .max(MAX_ATTRIBUTION_VALUE_LENGTH)
  .regex(PRINTABLE, 'must be neither empty nor contain control characters')
  .refine((value) => value.isWellFormed(), 'must not contain half a surrogate pair');
const count = z.int().min(0).max(MAX_USAGE_COUNT);
const money = z
  .string()
  .regex(/^(0|[1-9]\d{0,17})$/, 'must be nano-USD as a decimal string below 10^18')
  .meta({ id: 'Amount', description: 'Nano-USD as a decimal string, not negative.' });
const apiKey = z
  .string()
  .regex(FINGERPRINT_PATTERN, 'must be a fingerprint ("fp:" and 32 hex digits), never the key itself');

type AttributionShape = { [D in Dimension]: z.ZodOptional<z.ZodString> };
export const attributionShape = Object.fromEntries(
  DIMENSIONS.map((dimension) => [dimension, (dimension === 'api_key' ? apiKey : text).optional()]),
) as AttributionShape;

export const attributionSchema = z.strictObject(attributionShape).meta({
  id: 'Attribution',
  description: 'Who an attempt was for. A dimension that is not known is absent. `api_key` is a fingerprint.',
});

export const usageSchema = z
  .strictObject({
    input_tokens: count,
    cached_read_tokens: count.optional(),
    cache_write_5m_tokens: count.optional(),
    cache_write_1h_tokens: count.optional(),
    output_tokens: count,
    reasoning_tokens: count.optional(),
    input_audio_tokens: count.optional(),
    cached_audio_tokens: count.optional(),
    output_audio_tokens: count.optional(),
    input_image_tokens: count.optional(),
    output_image_tokens: count.optional(),
    web_searches: count.optional(),
    input_characters: count.optional(),
    input_audio_seconds: count.optional(),
    output_images: count.optional(),
    batch: z.boolean().optional(),
    service_tier: text.optional(),
    inference_geo: text.optional(),
  })
  .meta({
    id: 'Usage',
    description:
      'What an attempt consumed. `input_tokens` includes cached reads and writes, `output_tokens` includes reasoning.',
  });

export const boundSchema = z
  .strictObject({
    input_tokens: count,
    output_tokens: count.optional(),
    choices: z.int().min(1).max(1024).optional(),
    web_searches: count.optional(),
    input_characters: count.optional(),
    input_audio_seconds: count.optional(),
    output_images: count.optional(),
    batch: z.boolean().optional(),
    service_tier: text.optional(),
    inference_geo: text.optional(),
    cache_write_1h: z.boolean().optional(),
    audio: z.boolean().optional(),
    unseen_input: z.literal(true).optional(),
    counted: z.literal(true).optional().describe('A tokenizer counted the input; else its bytes bound it.'),
    countable: z.literal(true).optional().describe('Told to tighten, the client comes again with a counted input.'),
  })
  .meta({ id: 'Bound', description: 'What an attempt can consume at the most, known before it is sent.' });

export const sessionRequestSchema = z
  .strictObject({
    session: idSchema,
    attribution: attributionSchema,
    pid: z.int().min(0).optional(),
    host: text.optional(),
    version: text.optional(),
  })
  .meta({ id: 'SessionRequest' });

const sliceWantSchema = z
  .strictObject({ slice: idSchema, slot: idSchema, amount: money, at_least: money })
  .meta({ id: 'SliceWant', description: 'Money that a session would like to admit attempts from by itself.' });

export const heartbeatRequestSchema = z
  .strictObject({
    rules_version: text.optional(),
    journal_length: count.optional(),
    seq: count.optional(),
    wants: z.array(sliceWantSchema).max(MAX_WANTS).optional(),
  })
  .refine(({ seq, wants }) => seq !== undefined || wants === undefined, {
    path: ['seq'],
    error: 'is required with wants',
  })
  .meta({ id: 'HeartbeatRequest' });

export const reservationRequestSchema = z
  .strictObject({
    attempt_id: idSchema,
    call_id: idSchema,
    session: idSchema,
    provider: text,
    model: text,
    bound: boundSchema,
    attribution: attributionSchema,
    route: z.literal(true).optional(),
  })
  .meta({ id: 'ReservationRequest' });

const drawSchema = z
  .strictObject({ slice: idSchema, amount: money })
  .meta({ id: 'Draw', description: 'What an attempt took from one slice.' });

const fallbackSchema = z
  .object({
    by: z.enum(['application', 'gateway']),
    provider: text.optional(),
    model: text.optional(),
    attempt_id: idSchema.optional(),
    reason: text.optional(),
  })
  .meta({ id: 'Fallback', description: 'What was tried first, and why it was left.' });
/** Not strict: what a newer client knows besides is no reason to refuse what it says of money. */
export const evidenceSchema = z
  .object({
    gateway: text.optional(),
    gateway_route: text.optional(),
    gateway_cached: z.literal(true).optional(),
    served_provider: text.optional(),
    reported_cost: money.optional(),
    fallback: fallbackSchema.optional(),
  })
  .meta({ id: 'Evidence', description: 'What is known of an attempt beside its usage.' });

const settlementShape = {
  usage: usageSchema,
  measured: z.boolean(),
  status: z.enum(['ok', 'error', 'aborted', 'rejected']),
  served_model: text.optional(),
  response_id: text.optional(),
  trace_id: text.optional(),
  span_id: text.optional(),
  evidence: evidenceSchema.optional(),
};

export const settlementBodySchema = z.strictObject(settlementShape).meta({ id: 'SettlementBody' });

export const settlementRequestSchema = z
  .strictObject({
    ...settlementShape,
    attempt_id: idSchema,
    call_id: idSchema,
    session: idSchema,
    provider: text,
    model: text,
    attribution: attributionSchema,
    admitted_at: z.iso.datetime({ offset: true }),
    bound: boundSchema.optional(),
    draws: z.array(drawSchema).max(MAX_DRAWS).optional(),
    end: z.enum(['settled', 'released', 'lost', 'open']),
  })
  .meta({ id: 'SettlementRequest' });

export const sliceCloseSchema = z
  .strictObject({ session: idSchema, slice: idSchema, drawn: money })
  .meta({ id: 'SliceClose', description: 'Nothing more is drawn from a slice; `drawn` is all that ever was.' });

/** Elements are validated one by one, so that a bad one does not spoil the others. */
export const settlementsEnvelopeSchema = z.strictObject({
  settlements: z.array(z.unknown()),
  closes: z.array(z.unknown()).optional(),
});
export const settlementsRequestSchema = z
  .strictObject({ settlements: z.array(settlementRequestSchema), closes: z.array(sliceCloseSchema).optional() })
  .meta({ id: 'SettlementsRequest' });

export const writeOffRequestSchema = z.strictObject({ reason: text }).meta({ id: 'WriteOffRequest' });

/** Compiles only while each schema means exactly its wire type. */
const agreement: readonly [
  Agrees<typeof attributionSchema, Attribution>,
  Agrees<typeof usageSchema, WireUsage>,
  Agrees<typeof boundSchema, WireBound>,
  Agrees<typeof evidenceSchema, WireEvidence>,
  Agrees<typeof sessionRequestSchema, SessionRequest>,
  Agrees<typeof heartbeatRequestSchema, HeartbeatRequest>,
  Agrees<typeof reservationRequestSchema, ReservationRequest>,
  Agrees<typeof settlementBodySchema, SettlementBody>,
  Agrees<typeof settlementRequestSchema, SettlementRequest>,
  Agrees<typeof sliceCloseSchema, SliceClose>,
  Agrees<typeof settlementsRequestSchema, SettlementsRequest>,
] = [true, true, true, true, true, true, true, true, true, true, true];
void agreement;

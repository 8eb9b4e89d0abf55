/** The shape of a whole file, and of everything in it that is not a budget. */
import { z } from 'zod';
import { FINGERPRINT_PATTERN } from '../domain/fingerprint.ts';
import { ROLES } from './config.ts';
import { dictionary, either, flag, leaf, list, map, oneOrMany, quote, type Read, text, whole, word } from './leaf.ts';
import { duration, instant, percent, usd } from './quantity.ts';
import { budget, byDimension, dimension, match } from './shape-budget.ts';
import { zone } from './shape-window.ts';

const CONTACT_ROLES = ['service', 'engineering', 'budget', 'platform', 'finance', 'backup'] as const;
export type ContactRole = (typeof CONTACT_ROLES)[number];
export { CONTACT_ROLES };

const contact = either('a name or a map with id and receiver', [
  text('a name'),
  map({ id: text('a contact'), receiver: text('a receiver').optional() }, 'a map with id and receiver'),
]).meta({ id: 'contact' });
export type ContactDraft = z.output<typeof contact>;

const within = leaf('a duration such as 1 business day', { type: 'string' }, (value): Read<string> => {
  if (/^[1-9]\d{0,2}\s*(m|h|d|minutes?|hours?|days?|business (days?|hours?))$/.test(value)) return { value };
  return { wrong: `acknowledge_within ${quote(value)} is not a duration`, mend: 'write it as 4h or 1 business day' };
});

const contacts = Object.fromEntries(CONTACT_ROLES.map((role) => [role, contact.optional()])) as Record<
  ContactRole,
  z.ZodOptional<typeof contact>
>;

const ownerMap = map(
  {
    ...contacts,
    approvers: list(
      map({ id: text('a contact'), limit: usd('approval limit') }, 'id and limit'),
      'approvers',
    ).optional(),
    timezone: zone.optional(),
    acknowledge_within: within.optional(),
  },
  'an owner',
);
export type OwnerDraft = z.output<typeof ownerMap>;

const owner = either('a name or a map of contacts', [
  z.null().transform((): OwnerDraft => ({})),
  text('a name').transform((service): OwnerDraft => ({ service })),
  ownerMap,
]);

const key = map(
  {
    alias: text('an alias', 100),
    owner: text('an owner').optional(),
    expected_share: percent('expected_share').optional(),
  },
  'a map with alias',
);

/** What does not look like a variable may be the secret itself: it is not repeated in the message. */
const variable = leaf('the name of an environment variable', { type: 'string' }, (value): Read<string> => {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(value)) return { value };
  return {
    wrong: 'secret_env is not the name of an environment variable',
    mend: 'name the variable, never the secret',
  };
});

const token = map(
  {
    name: text('a name', 100),
    role: word(ROLES, 'role'),
    secret_env: variable.optional(),
    secret_file: text('a path', 4096).optional(),
    pins: byDimension(text('a value'), 'dimensions with values').optional(),
    may_assert: oneOrMany(dimension, 'a dimension').optional(),
    max_share: percent('max_share').optional(),
  },
  'a token',
);

/** Keys of a contract price → the catalogue's price key, all USD per million. */
export const PRICE_KEYS = {
  input: 'input_mtok',
  cached_read: 'cache_read_mtok',
  cache_write_5m: 'cache_write_mtok',
  cache_write_1h: 'cache_write_1h_mtok',
  output: 'output_mtok',
  reasoning: 'output_reasoning_mtok',
  input_audio: 'input_audio_mtok',
  cached_audio: 'cache_audio_read_mtok',
  output_audio: 'output_audio_mtok',
  input_image: 'input_image_mtok',
  output_image: 'output_image_mtok',
} as const;
export type PriceKey = keyof typeof PRICE_KEYS;

const perMillion = Object.fromEntries(
  Object.keys(PRICE_KEYS).map((name) => [name, usd(name, { zero: true }).optional()]),
) as Record<PriceKey, z.ZodOptional<ReturnType<typeof usd>>>;

const price = map(
  {
    provider: text('a provider'),
    model: text('a model or pattern'),
    from: instant('from').optional(),
    until: instant('until').optional().describe('First instant at which the price no longer holds.'),
    ...perMillion,
    web_searches_per_thousand: usd('web_searches_per_thousand', { zero: true }).optional(),
    input_characters_per_million: usd('input_characters_per_million', { zero: true }).optional(),
    input_audio_per_hour: usd('input_audio_per_hour', { zero: true }).optional(),
    output_images_per_thousand: usd('output_images_per_thousand', { zero: true }).optional(),
  },
  'a contract price',
);

const route = leaf('a route such as openai/gpt-4.1', { type: 'string' }, (value): Read<string> => {
  if (/^[^/\s]+\/\S+$/.test(value)) return { value };
  return {
    wrong: `route ${quote(value)} is not provider/model`,
    mend: 'write it as openai/gpt-4.1 or anthropic/claude-*',
  };
});

const currency = leaf('USD', { const: 'USD' }, (value): Read<'USD'> => {
  if (value === 'USD') return { value };
  return { wrong: `currency ${quote(value)} is not supported`, mend: 'use USD', code: 'unsupported' };
});

/** What is no fingerprint may be a key: it is not repeated in the message. */
const fingerprintKey = (key: string) =>
  FINGERPRINT_PATTERN.test(key)
    ? undefined
    : {
        wrong: key.startsWith('fp:') ? `fingerprint ${quote(key)} has the wrong form` : 'a key is not a fingerprint',
        mend: 'write what `spendfuse fingerprint` prints: fp: and 32 hex digits',
        code: 'fingerprint',
      };

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** What stands once in all files together. */
const settings = {
  currency: currency.optional().describe('USD; any other is an error.'),
  defaults: map(
    {
      timezone: zone.optional(),
      soft: oneOrMany(percent('soft threshold', 'the limit'), 'a percentage').optional(),
      owner: text('an owner').optional().describe('Owner of budgets that name none.'),
      owners: dictionary(contact, 'a map of role to contact').optional(),
    },
    'a map of settings',
  ).optional(),
  routes: map({ approved: oneOrMany(route, 'a route') }, 'a map with approved').optional(),
  unmatched: word(['allow', 'deny'], 'choice').optional().describe('Attempts that no budget matches.'),
  leases: flag()
    .optional()
    .describe('Sessions admit calls from slices of the budgets; false: every attempt is reserved at the server.'),
  unpriced: map(
    {
      ceiling: map(
        {
          input: usd('input').optional(),
          output: usd('output').optional(),
          max_output_tokens: whole('max_output_tokens', 1, 10_000_000).optional(),
        },
        'USD per million: input, output',
      ),
    },
    'a map with ceiling',
  ).optional(),
  limits: map(
    {
      max_wait: duration('max_wait', 0, 60 * SECOND).optional(),
      max_call_duration: duration('max_call_duration', SECOND, 24 * HOUR).optional(),
      unreachable_allowance: usd('unreachable_allowance', { zero: true }).optional(),
    },
    'a map of settings',
  ).optional(),
  metrics: map(
    {
      labels: oneOrMany(dimension, 'a dimension').optional(),
      top_instances: whole('top_instances', 1, 10_000).optional(),
      allow_unbounded: flag().optional().describe('Lets labels hold customer and user: one series for each.'),
    },
    'a map of settings',
  ).optional(),
};

/** What every file may add to. */
const entries = {
  attribute: list(
    map({ match, set: byDimension(text('a value'), 'dimensions with values') }, 'match and set'),
    'rules',
  ).optional(),
  keys: dictionary(key, 'a map of fingerprint to alias', fingerprintKey).optional(),
  owners: dictionary(owner, 'a map of owners').optional(),
  budgets: list(budget, 'a list of budgets', 10_000).optional(),
  tokens: list(token, 'a list of tokens').optional(),
  prices: list(price, 'a list of contract prices', 10_000).optional(),
};

const include = oneOrMany(text('a path or pattern', 1024), 'a path or pattern').optional();

/** Everything as it must be: what mistakes are told from, and the editor's schema. */
export const file = map({ include, ...settings, ...entries }, 'a map', 'key');

/** The same with every field of an entry optional: what is read from a file after its broken fields are taken out. */
export const lenientFile = z.object({
  include,
  ...settings,
  attribute: z.array(z.object({ match, set: byDimension(text(), '') }).partial()).optional(),
  keys: z.record(z.string(), key.partial()).optional(),
  owners: entries.owners,
  budgets: z.array(budget.partial()).optional(),
  tokens: z.array(token.partial()).optional(),
  prices: z.array(price.partial()).optional(),
});
export type FileDraft = z.output<typeof lenientFile>;
export type TokenDraft = NonNullable<FileDraft['tokens']>[number];
export type PriceDraft = NonNullable<FileDraft['prices']>[number];
export type KeyDraft = NonNullable<FileDraft['keys']>[string];
export const SETTINGS = Object.keys(settings) as (keyof typeof settings)[];

/** The shape of one entry under `budgets:`. What its fields mean together is judged in `budgets.ts`. */
import type { z } from 'zod';
import { DIMENSIONS, type Dimension } from '../domain/attribution.ts';
import { COST_CLASSES, STOPPING_ACTIONS } from '../domain/budget.ts';
import {
  dictionary,
  either,
  flag,
  leaf,
  list,
  map,
  oneOrMany,
  quote,
  type Read,
  text,
  unsupported,
  whole,
  word,
} from './leaf.ts';
import { percent, usd } from './quantity.ts';
import { clampOutput, holds } from './shape-holds.ts';
import { window, zone } from './shape-window.ts';

const AVAILABLE = 'use block, pause or downgrade';
const NOT_YET = {
  throttle: unsupported('action "throttle"', AVAILABLE),
  approve: unsupported('action "approve"', AVAILABLE),
};

export const dimension = word(DIMENSIONS, 'dimension');

/** Dimension → what `value` reads; other keys are unknown dimensions. */
export function byDimension<V extends z.ZodType>(value: V, expected: string) {
  const shape = Object.fromEntries(DIMENSIONS.map((name) => [name, value.optional()]));
  return map(shape as Record<Dimension, z.ZodOptional<V>>, expected, 'dimension');
}

// An `id` makes a shape a definition of its own in the editor's schema.
const values = oneOrMany(text('a value or pattern'), 'a value or pattern', { least: 1 }).meta({ id: 'values' });
export const match = byDimension(values, 'dimensions with values').meta({ id: 'match' });

export const budgetName = leaf(
  'a name',
  { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,99}$' },
  (value): Read<string> => {
    if (/^[a-z0-9][a-z0-9._-]{0,99}$/.test(value)) return { value };
    const better = value
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+|-+$/g, '')
      .slice(0, 100);
    const mend = better === '' ? 'use a-z, 0-9, "-", "_" and "."' : `write ${better}`;
    return { wrong: `budget name ${quote(value)} is not made of a-z, 0-9, "-", "_" and "."`, mend };
  },
);

const notify = oneOrMany(text('an owner or owner role'), 'an owner or owner role');
const severity = word(['info', 'warning', 'critical'], 'severity');
const action = word([...STOPPING_ACTIONS, 'downgrade'], 'action', NOT_YET);
const stopping = word(STOPPING_ACTIONS, 'stopping action', {
  ...NOT_YET,
  downgrade: { wrong: 'downgrade does not stop calls', mend: 'put it under thresholds', code: 'downgrade' },
});

const threshold = map(
  {
    at: percent('threshold', 'the limit').optional().describe('Share of the limit; 90% for downgrade when absent.'),
    when: match.optional().describe('Only attempts that match are told of and acted on.'),
    action: action.optional(),
    notify: notify.optional(),
    severity: severity.optional(),
    models: dictionary(text('a model'), 'a map of requested model to cheaper model').optional(),
    max_output_tokens: whole('max_output_tokens', 1, 10_000_000).optional(),
  },
  'a threshold such as { at: 80%, action: pause }',
  'threshold key',
).meta({ id: 'threshold' });
export type ThresholdDraft = z.output<typeof threshold>;

const hard = either('block, pause or a map with action', [
  stopping.transform((name) => ({ action: name })),
  map(
    {
      action: stopping,
      at: percent('hard threshold', 'the limit').optional(),
      notify: notify.optional(),
      severity: severity.optional(),
    },
    'a map with action',
  ),
]).transform((value) => value as ThresholdDraft);

/** What a budget says and an override may change. */
const terms = {
  limit: usd('limit').describe('USD per window.'),
  window,
  timezone: zone.optional(),
  thresholds: list(threshold, 'a list of thresholds', 50).optional(),
  soft: oneOrMany(percent('soft threshold', 'the limit'), 'a percentage').optional(),
  hard: hard.optional().describe('Short for the stopping threshold at 100%.'),
  when_unreachable: word(['allow', 'block'], 'choice').optional(),
  holds: holds.optional(),
  clamp_output: clampOutput.optional(),
  shadow: flag().optional().describe('Counts, evaluates and tells, but never acts.'),
  owner: text('an owner').optional(),
};

const override = map(
  { ...terms, match, limit: terms.limit.optional(), window: window.optional() },
  'a map with match and what changes',
);
export type OverrideDraft = z.output<typeof override>;

export const budget = map(
  {
    name: budgetName,
    renamed_from: budgetName.optional(),
    description: text('a description', 2000).optional(),
    match: match.optional().describe('Which attempts count; all when absent.'),
    classes: oneOrMany(word(COST_CLASSES, 'cost class'), 'a cost class').optional(),
    per: oneOrMany(dimension, 'a dimension').optional().describe('One instance for each combination of values.'),
    owner_by: dimension.optional().describe('The dimension whose value names the owner.'),
    ...terms,
    overrides: list(override, 'a list of overrides').optional(),
    max_instances: whole('max_instances', 1, 1_000_000).optional(),
  },
  'a budget',
);
export type BudgetDraft = Partial<z.output<typeof budget>>;

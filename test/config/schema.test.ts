import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configJsonSchema } from '../../src/config/schema.ts';
import { HERE, textOf } from './files.ts';

const schema = z.fromJSONSchema(configJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
const accepts = (text: string) => schema.safeParse(parse(text)).success;

describe("the editor's schema", () => {
  it.each(['../../rules/budgets.yaml', ...readdirSync(`${HERE}/good`).map((name) => `good/${name}`)])(
    'accepts %s',
    (path) => {
      expect(schema.safeParse(parse(textOf(path))).error?.issues ?? []).toEqual([]);
    },
  );

  it.each([
    ['an unknown key', 'bugdets: []'],
    ['a budget without a limit', 'budgets: [{ name: a, window: day }]'],
    ['an unknown dimension', 'budgets: [{ name: a, window: day, limit: 5, match: { teem: a } }]'],
    ['an action of a later version', 'budgets: [{ name: a, window: day, limit: 5, hard: throttle }]'],
    ['a share without its sign', 'budgets: [{ name: a, window: day, limit: 5, soft: [75] }]'],
    ['a hold mode that is none', 'budgets: [{ name: a, window: day, limit: 5, holds: loose }]'],
    ['a percentile without its p', 'budgets: [{ name: a, window: day, limit: 5, holds: { expected: 99 } }]'],
    ['another currency', 'currency: EUR'],
  ])('refuses %s', (_, text) => {
    expect(accepts(text)).toBe(false);
  });

  it('is the one that is committed', () => {
    expect(JSON.parse(textOf('../../rules/budgets.schema.json'))).toEqual(configJsonSchema());
  });
});

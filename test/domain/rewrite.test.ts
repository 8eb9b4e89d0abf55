import { describe, expect, it, test } from 'vitest';
import type { Attribution } from '../../src/domain/attribution.ts';
import type { Budget, Threshold } from '../../src/domain/budget.ts';
import { rewriteOf, type SpentInstance, softDecision } from '../../src/domain/evaluate.ts';
import { instance, threshold, usd } from './fixtures.ts';

const downgrade = (percent: number, rest: Partial<Threshold>) => threshold(percent, { action: 'downgrade', ...rest });

/** A budget of $100 of which so much is spent. */
function spent(dollars: string, thresholds: Threshold[], terms: Partial<Budget> = {}): SpentInstance {
  return { instance: instance({ thresholds, ...terms }), spentNanoUsd: usd(dollars) };
}

const models = { 'gpt-4.1': 'gpt-4.1-mini', 'gpt-*': 'gpt-4.1-nano', 'claude-opus-*': 'claude-haiku-4-5' };
const batch = { workflow: ['batch'] };

describe('one budget rewrites', () => {
  test.each<[string, string, Threshold[], string, Attribution, object | undefined]>([
    ['nothing below the threshold', '89.99', [downgrade(90, { models })], 'gpt-4.1', {}, undefined],
    ['the model at the threshold', '90', [downgrade(90, { models })], 'gpt-4.1', {}, { model: 'gpt-4.1-mini' }],
    ['by the exact name before a pattern', '90', [downgrade(90, { models })], 'gpt-4.1', {}, { model: 'gpt-4.1-mini' }],
    ['by a pattern', '90', [downgrade(90, { models })], 'claude-opus-4-8', {}, { model: 'claude-haiku-4-5' }],
    ['by the first pattern as written', '90', [downgrade(90, { models })], 'gpt-5', {}, { model: 'gpt-4.1-nano' }],
    ['no model that is not mapped', '90', [downgrade(90, { models, maxOutputTokens: 9 })], 'mistral', {}, undefined],
    ['no model to itself', '90', [downgrade(90, { models })], 'gpt-4.1-nano', {}, undefined],
    ['the output only', '95', [downgrade(90, { maxOutputTokens: 512 })], 'any', {}, { maxOutputTokens: 512 }],
    [
      'by the highest crossed threshold only',
      '95',
      [downgrade(80, { models, maxOutputTokens: 900 }), downgrade(90, { maxOutputTokens: 512 })],
      'gpt-4.1',
      {},
      { maxOutputTokens: 512 },
    ],
    [
      'by the highest that is about this model',
      '95',
      [downgrade(80, { maxOutputTokens: 900 }), downgrade(90, { models })],
      'mistral',
      {},
      { maxOutputTokens: 900 },
    ],
    ['not whom the condition spares', '95', [downgrade(90, { maxOutputTokens: 9, when: batch })], 'any', {}, undefined],
    [
      'whom the condition means',
      '95',
      [downgrade(90, { maxOutputTokens: 9, when: batch })],
      'any',
      { workflow: 'batch' },
      { maxOutputTokens: 9 },
    ],
    ['nothing by a threshold that tells', '95', [threshold(90, { maxOutputTokens: 9 })], 'any', {}, undefined],
    ['nothing for a name every object has', '95', [downgrade(90, { models })], 'constructor', {}, undefined],
  ])('%s', (_, dollars, thresholds, model, attribution, expected) => {
    const candidate = spent(dollars, thresholds);
    const rewrite = rewriteOf([candidate], attribution, model);
    expect(rewrite).toEqual(expected && { ...expected, by: candidate.instance });
  });

  it('nothing in shadow', () => {
    const shadow = spent('95', [downgrade(90, { maxOutputTokens: 9 })], { shadow: true });
    expect(rewriteOf([shadow], {}, 'any')).toBeUndefined();
  });
});

describe('several budgets rewrite together', () => {
  const mini = spent('95', [downgrade(90, { models: { 'gpt-4.1': 'gpt-4.1-mini' }, maxOutputTokens: 512 })]);
  const nano = spent('95', [downgrade(90, { models: { 'gpt-4.1*': 'gpt-4.1-nano' }, maxOutputTokens: 1024 })]);
  const short = spent('95', [downgrade(90, { maxOutputTokens: 64 })]);

  test.each<[string, SpentInstance[], object]>([
    ['the first names the model', [mini, nano], { model: 'gpt-4.1-mini', maxOutputTokens: 512, by: mini.instance }],
    ['in the other order the other', [nano, mini], { model: 'gpt-4.1-nano', maxOutputTokens: 512, by: nano.instance }],
    ['the smallest output wins', [short, nano], { model: 'gpt-4.1-nano', maxOutputTokens: 64, by: short.instance }],
    ['whoever comes first', [nano, short], { model: 'gpt-4.1-nano', maxOutputTokens: 64, by: nano.instance }],
  ])('%s', (_, candidates, rewrite) => {
    expect(rewriteOf(candidates, {}, 'gpt-4.1')).toEqual(rewrite);
  });
});

describe('below its cap a call', () => {
  const telling = (dollars: string, terms?: Partial<Budget>) => spent(dollars, [threshold(50)], terms);
  const shortening = spent('95', [downgrade(90, { maxOutputTokens: 64 })]);
  const batchOnly = spent('95', [threshold(50, { when: batch })]);

  test.each<[string, SpentInstance[], string, SpentInstance | undefined]>([
    ['is allowed without a budget', [], 'allow', undefined],
    ['is allowed below every threshold', [telling('49')], 'allow', undefined],
    ['is warned of', [telling('49'), telling('50', { name: 'second' })], 'warn', undefined],
    ['is allowed under a shadow budget', [telling('99', { shadow: true })], 'allow', undefined],
    ['is allowed where the threshold means others', [batchOnly], 'allow', undefined],
    ['is downgraded rather than warned of', [telling('60'), shortening], 'downgrade', shortening],
  ])('%s', (_, candidates, decision) => {
    expect(softDecision(candidates, {}, 'any').decision).toBe(decision);
  });

  it('is told which budget speaks', () => {
    const [ok, crossed] = [telling('49'), telling('50')];
    expect(softDecision([ok, crossed], {}, 'any')).toEqual({ decision: 'warn', by: crossed.instance });
    expect(softDecision([crossed, shortening], {}, 'any')).toMatchObject({ by: shortening.instance });
  });
});

import { describe, expect, it } from 'vitest';
import { label, message, toTemplate, toText, usd } from '../../src/assets/message.ts';
import {
  acrossReplicas,
  anyOf,
  grew,
  type Matcher,
  type Matchers,
  patternMatcher,
  selector,
} from '../../src/assets/promql.ts';
import { METRIC } from '../../src/telemetry/names.ts';

describe('a selector', () => {
  const cases: [Matchers, string][] = [
    [{}, 'spendfuse_cost_usd_total'],
    [{ team: 'support' }, 'spendfuse_cost_usd_total{team="support"}'],
    [{ team: 'a "b" \\ c\n' }, 'spendfuse_cost_usd_total{team="a \\"b\\" \\\\ c\\n"}'],
    [{ team: { not: 'a' }, model: { matching: 'gpt.*' } }, 'spendfuse_cost_usd_total{team!="a",model=~"gpt.*"}'],
    [{ budget: { notMatching: anyOf(['a.b', 'c|d']) } }, 'spendfuse_cost_usd_total{budget!~"a\\\\.b|c\\\\|d"}'],
  ];
  it.each(cases)('of %j is %s', (matchers, expected) => {
    expect(selector(METRIC.cost, matchers)).toBe(expected);
  });
});

describe('patterns of a match', () => {
  const cases: [string[], Matcher][] = [
    [['support'], 'support'],
    [['support-*'], { matching: 'support-.*' }],
    [['a', 'b.c'], { matching: 'a|b\\.c' }],
    [['*'], { matching: '.*' }],
  ];
  it.each(cases)('%j become %j', (patterns, expected) => {
    expect(patternMatcher(patterns)).toEqual(expected);
  });
});

describe('expressions', () => {
  it('take the highest of the replicas, without the labels that tell replicas apart', () => {
    expect(acrossReplicas('up', ['shadow'])).toBe('max without (instance, pod, shadow) (up)');
  });

  it('count a series that was born within the window whole', () => {
    expect(grew('x', '10m')).toBe('increase(x[10m]) > 0 or (x unless x offset 10m) > 0');
  });
});

describe('a message', () => {
  const parts = message`Budget ${'b {{ x }}'} of ${label('team')}: ${usd(METRIC.budgetSpent, ['budget', 'team'])}`;

  it('is a template in which only its own braces are code', () => {
    expect(toTemplate(parts)).toBe(
      'Budget b {{"{{"}} x }} of {{ $labels.team }}: ' +
        '{{ with printf "max(spendfuse_budget_spent_usd{budget=%q,team=%q})" $labels.budget $labels.team | query }}' +
        `\${{ . | first | value | printf "%.2f" }}{{ else }}?{{ end }}`,
    );
  });

  it('is the text that the template must come to', () => {
    const sample = { labels: { team: 'support' }, usd: { [METRIC.budgetSpent]: 12.345 } };
    expect(toText(parts, sample)).toBe('Budget b {{ x }} of support: $12.35');
  });

  it.each([
    ['a label', { labels: {}, usd: { [METRIC.budgetSpent]: 1 } }, 'the sample has no team'],
    ['an amount', { labels: { team: 'a' }, usd: {} }, 'the sample has no spendfuse_budget_spent_usd'],
  ])('has no text without %s that it needs', (_name, sample, error) => {
    expect(() => toText(parts, sample)).toThrow(error);
  });
});

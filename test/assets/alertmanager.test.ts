import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type AssetError, generateAssets, parseReceivers, webhookReceivers } from '../../src/assets/assets.ts';
import type { Config } from '../../src/config/config.ts';
import { assetsOf, configAt, EXAMPLE, OVERLAPPING, SMALL, textOf } from './fixtures.ts';

interface Route {
  receiver?: string;
  routes?: Route[];
}
interface Document {
  route: Route;
  inhibit_rules: { source_matchers: string[]; target_matchers: string[]; equal?: string[] }[];
  receivers: { name: string; webhook_configs: { url: string }[] }[];
}

function alertmanager(config: Config): Document {
  return parse(textOf(assetsOf(config), 'rules/alertmanager/alertmanager.yaml'));
}

function problemsOf(attempt: () => unknown): readonly string[] {
  try {
    attempt();
  } catch (error) {
    return (error as AssetError).problems;
  }
  throw new Error('it passed');
}

describe.each([SMALL, OVERLAPPING, EXAMPLE])('the Alertmanager config of %s', (path) => {
  const document = alertmanager(configAt(path));

  it('mutes a hard budget by nothing', () => {
    const targets = document.inhibit_rules.flatMap((rule) => rule.target_matchers);
    for (const target of targets) {
      const [, pattern] = /^alertname=~?"([^"]*)"$/.exec(target)!;
      expect('SpendfuseBudgetHard').not.toMatch(new RegExp(`^(${pattern})$`));
    }
  });

  it('lets a hard budget mute the thresholds of the same instance, told to the same people, and of no other', () => {
    const [hard] = document.inhibit_rules;
    const per = configAt(path).budgets.flatMap((budget) => budget.per);
    expect(hard?.source_matchers).toEqual(['alertname="SpendfuseBudgetHard"']);
    expect(hard?.target_matchers).toEqual(['alertname="SpendfuseBudgetThreshold"']);
    expect(new Set(hard?.equal)).toEqual(new Set(['budget', 'owner', 'to', ...per]));
  });

  it('declares every receiver that a route names, with a channel, and no other', () => {
    const named = new Set<string>();
    const visit = (route: Route) => {
      if (route.receiver) named.add(route.receiver);
      route.routes?.forEach(visit);
    };
    visit(document.route);
    expect(new Set(document.receivers.map(({ name }) => name))).toEqual(named);
    for (const receiver of document.receivers) expect(receiver.webhook_configs).toHaveLength(1);
  });
});

describe('the default receiver', () => {
  const config = configAt(SMALL);
  const [support] = [...config.owners.values()];
  const withoutDefaults = { ...config, defaultOwners: {}, owners: new Map([['support', support!]]) };

  it.each<[string, Config, string]>([
    ['the platform role, where there is one', config, 'platform-pager'],
    ["else the first owner's backup", withoutDefaults, 'platform-pager'],
    [
      "else the first owner's service",
      {
        ...withoutDefaults,
        owners: new Map([['support', { ...support!, backup: undefined } as typeof support & object]]),
      },
      'support-slack',
    ],
  ])('is %s', (_name, each, expected) => {
    expect(alertmanager(each).route.receiver).toBe(expected);
  });

  it('must be somebody', () => {
    const nobody = { ...withoutDefaults, owners: new Map() };
    expect(problemsOf(() => generateAssets(nobody, { receivers: {} }))).toEqual([
      'budgets.yaml: there is nobody to tell; add `owners`, or `defaults: { owners: { platform: … } }`',
    ]);
  });
});

describe('receivers.yaml', () => {
  const mend = (name: string) => `${name}: { webhook_configs: [{ url: https://… }] }`;

  it.each([
    ['- a', 'receivers.yaml:1 expected a mapping of receiver names to their channels'],
    ['a: b', `receivers.yaml receiver "a": expected its channels, such as ${mend('a')}`],
    ['a: {}', `receivers.yaml receiver "a": has no channel; add one, such as ${mend('a')}`],
    ['a: { slack_configs: [] }', `receivers.yaml receiver "a": has no channel; add one, such as ${mend('a')}`],
    ['a: {}\nb: [', 'receivers.yaml:2 Flow sequence in block collection must be sufficiently indented'],
  ])('%j is refused', (text, problem) => {
    const problems = problemsOf(() => parseReceivers(text, 'receivers.yaml'));
    expect(problems[0]).toContain(problem);
  });

  it('may share what channels have in common', () => {
    const text =
      'a: { slack_configs: [&slack { channel: a, send_resolved: true }] }\nb: { slack_configs: [{ <<: *slack, channel: b }] }';
    expect(parseReceivers(text).b).toEqual({ slack_configs: [{ channel: 'b', send_resolved: true }] });
  });

  it('may be empty only where nobody is named', () => {
    expect(parseReceivers('# none yet\n')).toEqual({});
  });

  it('must have a channel for everybody whom the budgets name', () => {
    const config = configAt(SMALL);
    const { 'finance-mail': _finance, ...rest } = webhookReceivers(config, 'http://127.0.0.1:9');
    expect(problemsOf(() => generateAssets(config, { receivers: rest }))).toEqual([
      `rules/alertmanager/receivers.yaml receiver "finance-mail" (service of owner "finance"): has no channel; add one, such as ${mend('finance-mail')}`,
    ]);
  });
});

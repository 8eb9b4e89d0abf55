import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { routeCases } from '../../src/assets/assets.ts';
import { AWKWARD, assetsOf, configAt, emptyFolder, OVERLAPPING, SMALL, textOf, writeAssets } from './fixtures.ts';

const RULES = 'rules/prometheus/spendfuse.rules.yaml';
const CASES = 'rules/prometheus/spendfuse.rules.test.yaml';
const ALERTMANAGER = 'rules/alertmanager/alertmanager.yaml';
/** rules/budgets.yaml itself is judged by `check:generated`, below. */
const CONFIGS = [SMALL, OVERLAPPING, AWKWARD, 'demo/budgets.yaml'];

function run(tool: string, ...args: string[]) {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8' });
  if (error) throw new Error(`${tool}: ${error.message}; apt-get install prometheus prometheus-alertmanager`);
  return { status, stdout, output: stdout + stderr };
}

function generated(config: string): string {
  const root = emptyFolder();
  writeAssets(assetsOf(configAt(config)), root);
  return root;
}

describe.each(CONFIGS)('what is generated from %s', (path) => {
  const root = generated(path);
  const accepts: [string, string, string[]][] = [
    ['promtool finds the rules valid, none of them twice', 'promtool', ['check', 'rules', join(root, RULES)]],
    ['promtool finds every generated case to hold', 'promtool', ['test', 'rules', join(root, CASES)]],
    [
      'promtool reads the Prometheus config',
      'promtool',
      ['check', 'config', '--syntax-only', join(root, 'rules/prometheus/prometheus.yaml')],
    ],
    ['amtool finds the Alertmanager config valid', 'amtool', ['check-config', join(root, ALERTMANAGER)]],
  ];
  it.each(accepts)('%s', (_name, tool, args) => {
    expect(run(tool, ...args)).toMatchObject({ status: 0 });
  });

  it.each(routeCases(configAt(path)))('amtool agrees that $name', ({ labels, receiver }) => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    const { stdout } = run('amtool', 'config', 'routes', 'test', `--config.file=${join(root, ALERTMANAGER)}`, ...pairs);
    expect(stdout.trim()).toBe(receiver);
  });
});

describe('the promtool cases', () => {
  const faults: [string, (rules: string) => string][] = [
    ['fires below its threshold', (rules) => rules.replaceAll('== 1', '>= 0')],
    ['never fires', (rules) => rules.replaceAll('== 1', '== 2')],
    ['fires once for each replica', (rules) => rules.replaceAll('without (instance, pod', 'without (pod')],
    ['acts on shadow budgets', (rules) => rules.replaceAll(',shadow!="true"', '')],
    ['forgets whom else to tell', (rules) => rules.replaceAll('to: finance', 'to: nobody')],
    ['tells of instances that an override took out', (rules) => rules.replace(/ unless [^)]*\)/g, ')')],
    ['shows the wrong amount', (rules) => rules.replaceAll('spendfuse_budget_spent_usd', 'spendfuse_budget_limit_usd')],
    ['knows no budget made after it', (rules) => rules.replaceAll('budget!~', 'budget=~')],
  ];
  it.each(faults)('fail for a rule that %s', (_name, spoil) => {
    const root = generated(OVERLAPPING);
    const rules = join(root, RULES);
    const text = readFileSync(rules, 'utf8');
    const spoilt = spoil(text);
    expect(spoilt).not.toBe(text);
    writeFileSync(rules, spoilt);
    expect(run('promtool', 'check', 'rules', '--lint=none', rules)).toMatchObject({ status: 0 });
    expect(run('promtool', 'test', 'rules', join(root, CASES)).status).not.toBe(0);
  });
});

describe('the example', () => {
  it('reads its metrics token where the server does', () => {
    const prometheus = textOf(assetsOf(configAt(SMALL)), 'rules/prometheus/prometheus.yaml');
    expect(prometheus).toContain('credentials_file: /run/secrets/metrics-token');
  });
});

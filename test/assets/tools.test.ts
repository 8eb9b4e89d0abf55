import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateAssets, parseReceivers, routeCases } from '../../src/assets/assets.ts';
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

describe('npm run check:generated', () => {
  const check = (root: string, env: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [resolve('scripts/check-generated.ts'), '--root', root],
      {
        encoding: 'utf8',
        env: { ...process.env, ...env },
      },
    );
    return { status, output: stdout + stderr };
  };
  /** A small tree in which everything is as generated. */
  const tree = () => {
    const root = emptyFolder();
    const copied = [
      { from: SMALL, path: 'rules/budgets.yaml' },
      { from: 'test/assets/golden/small/in-receivers.yaml', path: 'rules/alertmanager/receivers.yaml' },
      { from: 'rules/budgets.schema.json', path: 'rules/budgets.schema.json' },
    ].map(({ from, path }) => ({ path, text: readFileSync(from, 'utf8') }));
    const receivers = parseReceivers(textOf(copied, 'rules/alertmanager/receivers.yaml'));
    writeAssets([...copied, ...generateAssets(configAt(SMALL), { receivers })], root);
    return root;
  };

  it('passes for what is committed, its hand-written promtool cases included', () => {
    expect(check('.')).toEqual({ status: 0, output: '✓ the generated files are what budgets.yaml says\n' });
  });

  it('shows the lines that somebody edited', () => {
    const root = tree();
    const rules = join(root, RULES);
    writeFileSync(rules, readFileSync(rules, 'utf8').replace('for: 30m', 'for: 31m'));
    const { status, output } = check(root);
    expect(status).toBe(1);
    expect(output).toMatch(
      /✗ rules\/prometheus\/spendfuse\.rules\.yaml differs: run `npm run generate`\n {4}line \d+:\n {4}- {9}for: 31m\n {4}\+ {9}for: 30m\n/,
    );
  });

  it('tells of a page that nothing generates any more', () => {
    const root = tree();
    writeFileSync(join(root, 'rules/runbooks/SpendfuseGone.md'), '# gone');
    expect(check(root)).toMatchObject({
      status: 1,
      output: expect.stringContaining('rules/runbooks/SpendfuseGone.md is not generated any more: delete it'),
    });
  });

  it('has amtool object to channels that Alertmanager does not know', () => {
    const root = tree();
    const file = join(root, 'rules/alertmanager/alertmanager.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('webhook_configs', 'carrier_pigeon_configs'));
    expect(check(root).output).toContain('field carrier_pigeon_configs not found');
  });

  it('names a receiver without a channel', () => {
    const root = tree();
    writeFileSync(
      join(root, 'rules/alertmanager/receivers.yaml'),
      'platform-pager: { webhook_configs: [{ url: http://x }] }\n',
    );
    expect(check(root)).toMatchObject({
      status: 1,
      output: expect.stringContaining('receiver "support-slack" (service of owner "support"): has no channel'),
    });
  });

  it('fails in CI without the tools, and elsewhere says loudly that they did not judge', () => {
    const root = tree();
    const message = 'promtool and amtool not installed (apt-get install prometheus prometheus-alertmanager)';
    const nowhere = { PATH: root };
    expect(check(root, { ...nowhere, CI: 'true' })).toMatchObject({
      status: 1,
      output: expect.stringContaining(`✗ ${message}`),
    });
    const elsewhere = check(root, { ...nowhere, CI: 'false' });
    expect(elsewhere).toMatchObject({
      status: 0,
      output: expect.stringContaining(`NOT CHECKED BY THE REAL TOOLS: ${message}`),
    });
  });
});

describe('the example', () => {
  it('reads its metrics token where the server does', () => {
    const prometheus = textOf(assetsOf(configAt(SMALL)), 'rules/prometheus/prometheus.yaml');
    expect(prometheus).toContain('credentials_file: /run/secrets/metrics-token');
  });
});

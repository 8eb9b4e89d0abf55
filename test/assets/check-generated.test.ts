import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateAssets, parseReceivers } from '../../src/assets/assets.ts';
import { configAt, emptyFolder, SMALL, textOf, writeAssets } from './fixtures.ts';

const RULES = 'rules/prometheus/spendfuse.rules.yaml';

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

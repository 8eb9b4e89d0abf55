/**
 * Holds the committed files under rules/ and grafana/ to what `spendfuse generate` makes of rules/budgets.yaml, and has
 * Prometheus' and Alertmanager's own tools judge them. `--root DIR` checks another tree.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Asset, AssetError, generateAssets, parseReceivers, RECEIVERS_PATH } from '../src/assets/assets.ts';
import type { Config } from '../src/config/config.ts';
import { formatFinding, loadConfig } from '../src/config/load.ts';
import { configJsonSchema } from '../src/config/schema.ts';
import { differences } from './check-generated/differences.ts';
import { verdicts } from './check-generated/tools.ts';

const { values } = parseArgs({ options: { root: { type: 'string', default: '.' } } });
const problems = check(values.root);
for (const problem of problems) console.error(`✗ ${problem}`);
if (problems.length === 0) console.log('✓ the generated files are what budgets.yaml says');
process.exitCode = problems.length === 0 ? 0 : 1;

function check(root: string): string[] {
  const loaded = loadConfig({ path: join(root, 'rules/budgets.yaml') });
  if (!loaded.ok) return loaded.findings.map(formatFinding);
  const generated = generate(root, loaded.config);
  if ('problems' in generated) return [...generated.problems];
  const inCi = process.env.CI !== undefined && process.env.CI !== 'false';
  return [...differences(root, generated.assets), ...verdicts(root, loaded.config, { inCi })];
}

function generate(root: string, config: Config): { assets: Asset[] } | { problems: readonly string[] } {
  try {
    const receivers = parseReceivers(readFileSync(join(root, RECEIVERS_PATH), 'utf8'));
    return { assets: [...generateAssets(config, { receivers }), schema()] };
  } catch (error) {
    if (error instanceof AssetError) return { problems: error.problems };
    throw error;
  }
}

function schema(): Asset {
  return { path: 'rules/budgets.schema.json', text: `${JSON.stringify(configJsonSchema(), null, 2)}\n` };
}

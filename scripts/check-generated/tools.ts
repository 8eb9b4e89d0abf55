import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { routeCases } from '../../src/assets/assets.ts';
import type { Config } from '../../src/config/config.ts';

const HAND_WRITTEN_CASES = 'test/assets/promtool';

interface Command {
  tool: 'promtool' | 'amtool';
  args: readonly string[];
  what: string;
}

/** What promtool and amtool object to. */
export function verdicts(root: string, config: Config, { inCi }: { inCi: boolean }): string[] {
  return commands(root, config)
    .flatMap(({ tool, args, what }) => {
      const ran = spawnSync(tool, args, { cwd: root, encoding: 'utf8' });
      if (ran.error) return [];
      return ran.status === 0 ? [] : [`${what}: ${tool} ${args.join(' ')}\n${ran.stdout}${ran.stderr}`];
    })
    .concat(missingTools(inCi));
}

function commands(root: string, config: Config): Command[] {
  const byHand = join(root, HAND_WRITTEN_CASES);
  const cases = existsSync(byHand) ? readdirSync(byHand).map((name) => `${HAND_WRITTEN_CASES}/${name}`) : [];
  const alertmanager = 'rules/alertmanager/alertmanager.yaml';
  const promtool = (what: string, ...args: string[]): Command => ({ tool: 'promtool', args, what });
  const amtool = (what: string, ...args: string[]): Command => ({ tool: 'amtool', args, what });
  return [
    promtool('the rules are not valid', 'check', 'rules', 'rules/prometheus/spendfuse.rules.yaml'),
    promtool(
      'the Prometheus config is not valid',
      'check',
      'config',
      '--syntax-only',
      'rules/prometheus/prometheus.yaml',
    ),
    promtool('a rule case fails', 'test', 'rules', 'rules/prometheus/spendfuse.rules.test.yaml', ...cases),
    amtool('the Alertmanager config is not valid', 'check-config', alertmanager),
    ...routeCases(config).map(({ name, labels, receiver }) =>
      amtool(
        `not so: ${name}`,
        ...['config', 'routes', 'test', `--config.file=${alertmanager}`, `--verify.receivers=${receiver}`],
        ...Object.entries(labels).map(([label, value]) => `${label}=${value}`),
      ),
    ),
  ];
}

/** A developer may go on without the tools; CI may not. */
function missingTools(inCi: boolean): string[] {
  const missing = ['promtool', 'amtool'].filter((tool) => spawnSync(tool, ['--version']).error);
  if (missing.length === 0) return [];
  const message = `${missing.join(' and ')} not installed (apt-get install prometheus prometheus-alertmanager)`;
  if (inCi) return [message];
  console.warn(`\n⚠ NOT CHECKED BY THE REAL TOOLS: ${message}\n`);
  return [];
}

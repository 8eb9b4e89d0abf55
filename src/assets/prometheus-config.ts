import type { Config, TokenEntry } from '../config/config.ts';
import { type Asset, yamlAsset } from './asset.ts';
import type { Settings } from './options.ts';
import { RULES_PATH } from './prometheus-rules.ts';
import { JOB } from './promql.ts';

export const PROMETHEUS_CONFIG_PATH = 'rules/prometheus/prometheus.yaml';

/** A whole Prometheus config for docker-compose; elsewhere, take the scrape job and the rules over into your own. */
export function prometheusConfig(config: Config, { timing, targets }: Settings): Asset {
  const token = config.tokens.find((entry) => entry.role === 'metrics');
  return yamlAsset(PROMETHEUS_CONFIG_PATH, {
    global: { scrape_interval: timing.scrapeInterval, evaluation_interval: timing.evaluationInterval },
    rule_files: [RULES_PATH.split('/').at(-1)],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [targets.alertmanager] }] }] },
    scrape_configs: [
      {
        job_name: JOB,
        ...(token && { authorization: { type: 'Bearer', credentials_file: secretFile(token) } }),
        static_configs: [{ targets: [targets.server] }],
      },
    ],
  });
}

/** The file that the server reads it from, too; for a token from the environment, where compose mounts its secrets. */
function secretFile({ name, secret }: TokenEntry): string {
  return 'file' in secret ? secret.file : `/run/secrets/${name}`;
}

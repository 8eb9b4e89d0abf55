/** Prometheus and Alertmanager on loopback, with the rules and routes that `spendfuse generate` makes of the budgets. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ALERTMANAGER_PATH } from '../src/assets/alertmanager.ts';
import { generateAssets, webhookReceivers } from '../src/assets/assets.ts';
import { PROMETHEUS_CONFIG_PATH } from '../src/assets/prometheus-config.ts';
import type { Config } from '../src/config/config.ts';
import { type Children, isInstalled } from './children.ts';
import { freePort } from './ports.ts';
import { untilReady, watchLife } from './ready.ts';

export interface Observability {
  prometheus: string;
  alertmanager: string;
}

const PROMETHEUS = 'prometheus';
const ALERTMANAGER = ['prometheus-alertmanager', 'alertmanager'];
export const HOW_TO_GET_THEM = 'apt-get install prometheus prometheus-alertmanager';

/** The commands, where both are there. */
export function findObservability(): { prometheus: string; alertmanager: string } | undefined {
  const alertmanager = ALERTMANAGER.find(isInstalled);
  return alertmanager !== undefined && isInstalled(PROMETHEUS) ? { prometheus: PROMETHEUS, alertmanager } : undefined;
}

export interface Wanted {
  config: Config;
  commands: { prometheus: string; alertmanager: string };
  /** A folder for configs, data and logs. */
  folder: string;
  server: string;
  /** Where the receivers' webhooks are. */
  receivers: string;
  onDeath: (error: Error) => void;
}

/** Resolves when both are ready. */
export async function startObservability(children: Children, wanted: Wanted): Promise<Observability> {
  const alertmanager = `127.0.0.1:${await freePort()}`;
  const prometheus = `127.0.0.1:${await freePort()}`;
  writeAssets(wanted, alertmanager);
  const { folder, commands, onDeath } = wanted;
  const start = async (name: string, command: string, address: string, args: readonly string[]): Promise<void> => {
    const log = join(folder, `${command}.log`);
    const child = children.start({ name, command, log, args: [...args, `--web.listen-address=${address}`] });
    await untilReady(child, `http://${address}/-/ready`);
    watchLife(child, onDeath);
  };
  await Promise.all([
    start('Alertmanager', commands.alertmanager, alertmanager, [
      `--config.file=${join(folder, ALERTMANAGER_PATH)}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      '--cluster.listen-address=',
    ]),
    start('Prometheus', commands.prometheus, prometheus, [
      `--config.file=${join(folder, PROMETHEUS_CONFIG_PATH)}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    ]),
  ]);
  return { prometheus: `http://${prometheus}`, alertmanager: `http://${alertmanager}` };
}

/** Short times, so that a page comes within seconds. */
const SECOND = '1s';
const TIMING = {
  scrapeInterval: SECOND,
  evaluationInterval: SECOND,
  groupWait: SECOND,
  groupWaitCritical: SECOND,
  groupInterval: '5s',
  groupIntervalCritical: '5s',
};

function writeAssets({ config, folder, server, receivers }: Wanted, alertmanager: string): void {
  const assets = generateAssets(config, {
    receivers: webhookReceivers(config, receivers),
    timing: TIMING,
    targets: { server: new URL(server).host, alertmanager },
  });
  for (const { path, text } of assets) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

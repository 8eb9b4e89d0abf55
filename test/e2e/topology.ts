/** What docker-compose.yml starts, with the Debian packages: server, Prometheus, Alertmanager, and somebody to page. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { assetsOf, configAt, writeAssets } from '../assets/fixtures.ts';
import { type Page, StandIn } from '../assets/stand-in.ts';
import { type Running, startAlertmanager, startPrometheus } from '../support/prometheus.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { type Server, type Spender, startServer, startSpender } from './processes.ts';

export type Role = 'client' | 'metrics' | 'operator';

export interface Topology {
  folder: string;
  server: Server;
  provider: TestProvider;
  prometheus: Running;
  alertmanager: Running;
  pages: readonly Page[];
  tokenOf(role: Role): string;
  /** A service that the server knows by name alone. */
  service(name: string): Spender;
  stop(): Promise<void>;
}

/** Pages come within seconds. */
const AT_ONCE = { groupWait: '0s', groupWaitCritical: '0s', groupInterval: '1s', groupIntervalCritical: '1s' };

/** `budgets`: a config without tokens. */
export async function startTopology(budgets: object): Promise<Topology> {
  const folder = mkdtempSync(join(tmpdir(), 'spendfuse-topology-'));
  const config = writeConfig(folder, budgets);
  const pager = new StandIn();
  const [provider, base, server] = await Promise.all([
    startProvider(),
    pager.start(),
    startServer(['--config', config, '--db', join(folder, 'ledger.db')]),
  ]);
  writeAssets(assetsOf(configAt(config), { timing: AT_ONCE }, `${base}/receivers`), folder);
  const alertmanager = await startAlertmanager({
    config: join(folder, 'rules/alertmanager/alertmanager.yaml'),
    dir: join(folder, 'alertmanager'),
  });
  const prometheus = await startPrometheus({
    scrape: `${server.url}/metrics`,
    token: tokenOf('metrics'),
    rules: join(folder, 'rules/prometheus/spendfuse.rules.yaml'),
    dir: join(folder, 'prometheus'),
    alertmanager: alertmanager.url,
  });
  const services: Spender[] = [];
  return {
    ...{ folder, server, provider, prometheus, alertmanager, pages: pager.pages, tokenOf },
    service(name) {
      const spender = startSpender(environmentOf(name, server.url, provider.url, folder));
      services.push(spender);
      return spender;
    },
    async stop() {
      await Promise.all(services.map((each) => each.stop()));
      await Promise.all([prometheus.stop(), alertmanager.stop(), server.stop()]);
      await Promise.all([pager.stop(), provider.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ROLES: readonly Role[] = ['client', 'metrics', 'operator'];

function tokenOf(role: Role): string {
  return `a-token-of-this-test-for-${role}`;
}

function writeConfig(folder: string, budgets: object): string {
  const tokens = ROLES.map((role) => {
    const file = join(folder, `${role}-token`);
    writeFileSync(file, `${tokenOf(role)}\n`);
    return { name: role, role, secret_file: file };
  });
  const path = join(folder, 'budgets.yaml');
  writeFileSync(path, stringify({ ...budgets, tokens }));
  return path;
}

function environmentOf(name: string, server: string, provider: string, folder: string): Record<string, string> {
  return {
    ...{ PROVIDER: provider, API_KEY: `sk-of-${name}` },
    SPENDFUSE_ENDPOINT: server,
    SPENDFUSE_TOKEN: tokenOf('client'),
    SPENDFUSE_JOURNAL: join(folder, 'journal'),
    OTEL_SERVICE_NAME: name,
  };
}

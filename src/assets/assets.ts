import type { Config } from '../config/config.ts';
import { alertmanagerConfig } from './alertmanager.ts';
import type { Asset } from './asset.ts';
import { overviewDashboard } from './dashboard/overview.ts';
import { type AssetOptions, settings } from './options.ts';
import { prometheusConfig } from './prometheus-config.ts';
import { prometheusRules } from './prometheus-rules.ts';
import { prometheusTests } from './prometheus-tests.ts';
import { provisioning } from './provisioning.ts';
import { runbooks } from './runbooks.ts';

export { type RouteCase, routeCases } from './alertmanager-routes.ts';
export { type Asset, AssetError } from './asset.ts';
export type { AssetOptions } from './options.ts';
export { parseReceivers, RECEIVERS_PATH, type Receivers, webhookReceivers } from './receivers.ts';

/**
 * Everything that carries the budgets to Prometheus, Alertmanager and Grafana, in a stable order.
 * Errors: `AssetError` with every problem when somebody could not be reached.
 */
export function generateAssets(config: Config, options: AssetOptions): Asset[] {
  const set = settings(options);
  return [
    prometheusRules(config, set),
    prometheusTests(config, set),
    prometheusConfig(config, set),
    alertmanagerConfig(config, set),
    ...runbooks(),
    overviewDashboard(config),
    ...provisioning(set),
  ];
}

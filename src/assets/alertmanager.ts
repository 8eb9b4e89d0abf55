import type { Config } from '../config/config.ts';
import { instanceLabels, routeTree } from './alertmanager-routes.ts';
import { ALERT, ALERT_LABEL, type AlertName } from './alerts/alert.ts';
import { type Asset, yamlAsset } from './asset.ts';
import { receiversInUse } from './contacts.ts';
import type { Settings } from './options.ts';
import { quote } from './promql.ts';
import { requireChannels } from './receivers.ts';

export const ALERTMANAGER_PATH = 'rules/alertmanager/alertmanager.yaml';

/** Syntax of Alertmanager 0.25. Errors: `AssetError` when a receiver has no channel, or there is nobody to tell. */
export function alertmanagerConfig(config: Config, settings: Settings): Asset {
  requireChannels(config, settings.receivers);
  return yamlAsset(ALERTMANAGER_PATH, {
    route: routeTree(config, settings),
    inhibit_rules: inhibitions(config),
    receivers: receiversInUse(config).map(({ receiver }) => ({ name: receiver, ...settings.receivers[receiver] })),
  });
}

interface Inhibition {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

/** What says more mutes what says less. A hard budget is never a target: nothing may mute it. */
export function inhibitions(config: Config): Inhibition[] {
  return [
    // `to` is among the equal labels: finance loses its soft alert only if finance gets the hard one.
    { ...mutes(ALERT.hard, [ALERT.threshold]), equal: [...instanceLabels(config), ALERT_LABEL.to] },
    mutes(ALERT.serverDown, [ALERT.telemetryMissing]),
    mutes(ALERT.telemetryMissing, [
      ALERT.denials,
      ALERT.unpriced,
      ALERT.unowned,
      ALERT.unresolved,
      ALERT.rulesOutdated,
    ]),
  ];
}

function mutes(source: AlertName, targets: readonly AlertName[]): Inhibition {
  return {
    source_matchers: [`alertname=${quote(source)}`],
    target_matchers: [`alertname${targets.length === 1 ? '=' : '=~'}${quote(targets.join('|'))}`],
  };
}

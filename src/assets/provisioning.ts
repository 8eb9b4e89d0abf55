import { type Asset, yamlAsset } from './asset.ts';
import type { Settings } from './options.ts';

/** Fixed, so that links survive a new installation. */
export const DATASOURCE_UID = 'spendfuse-prometheus';

/** Where the dashboards are mounted in Grafana's container. */
const DASHBOARD_FOLDER = '/var/lib/grafana/dashboards';

export function provisioning({ prometheusUrl }: Settings): Asset[] {
  return [
    yamlAsset('grafana/provisioning/datasources/spendfuse.yaml', {
      apiVersion: 1,
      datasources: [
        {
          name: 'Prometheus',
          uid: DATASOURCE_UID,
          type: 'prometheus',
          access: 'proxy',
          url: prometheusUrl,
          isDefault: true,
          jsonData: { httpMethod: 'POST', timeInterval: '15s' },
        },
      ],
    }),
    yamlAsset('grafana/provisioning/dashboards/spendfuse.yaml', {
      apiVersion: 1,
      providers: [
        {
          name: 'spendfuse',
          type: 'file',
          folder: 'spendfuse',
          allowUiUpdates: false,
          options: { path: DASHBOARD_FOLDER },
        },
      ],
    }),
  ];
}

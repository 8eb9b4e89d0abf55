import type { Receivers } from './receivers.ts';

/** Durations as Prometheus and Alertmanager write them: `15s`, `5m`. */
export interface Timing {
  scrapeInterval: string;
  evaluationInterval: string;
  /** How long a condition must hold before its alert fires. Budget facts come from the ledger and need no waiting. */
  pending: Readonly<Record<PendingAlert, string>>;
  /** How long Alertmanager collects alerts of a group before the first notification. */
  groupWait: string;
  groupWaitCritical: string;
  groupInterval: string;
  groupIntervalCritical: string;
  repeatCritical: string;
  repeatOther: string;
  /** Thresholds stay crossed until their window ends: once is enough. At most Alertmanager's data retention (120h). */
  repeatThreshold: string;
}

export type PendingAlert =
  | 'serverDown'
  | 'telemetryMissing'
  | 'notReady'
  | 'reloadFailed'
  | 'unresolvedHolds'
  | 'rulesOutdated';

export interface AssetOptions {
  /** How each receiver is reached, from `rules/alertmanager/receivers.yaml`. */
  receivers: Receivers;
  timing?: Partial<Timing>;
  /** What `runbook_url` starts with; absent: the path in the repository, `rules/runbooks/`. */
  runbookBaseUrl?: string;
  /** `host:port` as Prometheus reaches them. */
  targets?: { server?: string; alertmanager?: string };
  /** Where Grafana reaches Prometheus. */
  prometheusUrl?: string;
}

export interface Settings {
  receivers: Receivers;
  timing: Timing;
  runbookBaseUrl: string;
  targets: { server: string; alertmanager: string };
  prometheusUrl: string;
}

const TIMING: Timing = {
  scrapeInterval: '15s',
  evaluationInterval: '15s',
  pending: {
    serverDown: '1m',
    telemetryMissing: '5m',
    notReady: '1m',
    reloadFailed: '1m',
    unresolvedHolds: '30m',
    rulesOutdated: '10m',
  },
  groupWait: '30s',
  groupWaitCritical: '5s',
  groupInterval: '5m',
  groupIntervalCritical: '1m',
  repeatCritical: '4h',
  repeatOther: '24h',
  repeatThreshold: '120h',
};

/** The options with defaults filled in: the hosts are those of docker-compose.yml. */
export function settings(options: AssetOptions): Settings {
  return {
    receivers: options.receivers,
    timing: { ...TIMING, ...options.timing },
    runbookBaseUrl: options.runbookBaseUrl ?? 'rules/runbooks/',
    targets: { server: 'spendfuse:4319', alertmanager: 'alertmanager:9093', ...options.targets },
    prometheusUrl: options.prometheusUrl ?? 'http://prometheus:9090',
  };
}

import type { Line } from './line.ts';

export interface Urls {
  server: string;
  prometheus?: string;
  alertmanager?: string;
}

/** Where to look while the demo stays up. */
export function urlLines({ server, prometheus, alertmanager }: Urls): Line[] {
  const rows: [string, string][] = [
    ['budgets', `${server}/v1/budgets`],
    ['usage', `${server}/v1/usage?group_by=service,model`],
    ['alerts', `${server}/v1/alerts`],
    ['metrics', `${server}/metrics`],
    ...(prometheus ? [['Prometheus', `${prometheus}/alerts`] as [string, string]] : []),
    ...(alertmanager ? [['Alertmanager', alertmanager] as [string, string]] : []),
  ];
  return [
    [],
    ...rows.map(
      ([name, url]): Line => [
        ['dim', `  ${name.padEnd(14)}`],
        ['cyan', url],
      ],
    ),
    [],
    [['dim', '  Ctrl-C ends everything.']],
  ];
}

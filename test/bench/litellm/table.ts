/** The sides beside each other, in Markdown. */
import { type Latency, quantile, type Storm } from './measurements.ts';

export interface Result {
  name: string;
  storm: Storm;
  /** One call at a time, */
  alone?: Latency;
  /** and 32. */
  crowd?: Latency;
}

export function tableOf(results: readonly Result[], capUsd: number): string {
  const rows: [string, (one: Result) => string][] = [
    ['provider billed', ({ storm }) => money(storm.trueCost)],
    ['overshoot', ({ storm }) => money(Math.max(0, storm.trueCost - capUsd))],
    ['reported as spent', ({ storm }) => money(storm.reported)],
    ['billed at the first denial', ({ storm }) => money(storm.atFirstDenial)],
    ['answered', ({ storm }) => `${storm.answered}`],
    ['denied', ({ storm }) => `${storm.denied}`],
    ['denied, and later calls were answered', ({ storm }) => `${storm.deniedEarly}`],
    ['neither answered nor denied', ({ storm }) => `${storm.failed}`],
    ['answers a second in the storm', ({ storm }) => `${Math.round(storm.answered / storm.seconds)}`],
    [
      'added in the storm, p50 / p99',
      ({ storm }) => added(quantile(storm.addedMs, 0.5), quantile(storm.addedMs, 0.99)),
    ],
    ['added to one call at a time, p50 / p99', ({ alone }) => addedBy(alone)],
    ['added to 32 at a time, p50 / p99', ({ crowd }) => addedBy(crowd)],
    ['calls a second, 32 at a time', ({ crowd }) => (crowd ? `${Math.round(crowd.perSecond)}` : '')],
  ];
  return [
    `| | ${results.map(({ name }) => name).join(' | ')} |`,
    `| --- |${results.map(() => ' --- |').join('')}`,
    ...rows.map(([name, cell]) => `| ${[name, ...results.map(cell)].join(' | ')} |`),
  ].join('\n');
}

function money(usd: number): string {
  return `$${usd.toFixed(6)}`;
}

function added(p50: number, p99: number): string {
  return `${p50.toFixed(1)} ms / ${p99.toFixed(1)} ms`;
}

function addedBy(latency: Latency | undefined): string {
  if (latency === undefined) return '';
  const { bare, side } = latency;
  return added(side.p50 - bare.p50, side.p99 - bare.p99);
}

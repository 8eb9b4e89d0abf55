import { Histogram, type Registry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import type { Attribution, Dimension } from '../../domain/attribution.ts';
import type { Happening } from '../../enforce/enforcer.ts';
import { COUNTER_LABEL, METRIC, USAGE_LABELS } from '../../telemetry/names.ts';
import { type CardinalityBounds, LabelGuard } from './cardinality.ts';
import { type Labels, type Series, Sums, usd } from './series.ts';

const { decision, reason, type, outcome } = COUNTER_LABEL;

/** Decisions that alerts wait for: they start at 0 with the first attempt of their kind, so that the first one counts. */
const AWAITED_DENIALS = [
  { [decision]: 'block', [reason]: 'exhausted' },
  { [decision]: 'block', [reason]: 'contended' },
] as const;
const TOKEN_TYPES = ['input', 'cached_read', 'cache_write', 'output', 'reasoning'] as const;
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counters of what was decided and booked, by the usage labels and those that the config adds. */
export class UsageCounters {
  readonly #config: () => Config;
  readonly #bounds: CardinalityBounds | undefined;
  readonly #durations: Histogram;
  #seen: Config;
  #labels: readonly Dimension[];
  #series: UsageSeries;

  constructor(registry: Registry, config: () => Config, bounds?: CardinalityBounds) {
    this.#config = config;
    this.#bounds = bounds;
    this.#seen = config();
    this.#labels = labelsOf(this.#seen);
    this.#series = new UsageSeries(this.#labels, bounds);
    this.#durations = new Histogram({
      name: METRIC.decisionDuration,
      help: 'Seconds from a reservation to its decision, waiting included.',
      labelNames: [decision],
      buckets: DURATION_BUCKETS,
      registers: [registry],
    });
    this.#durations.zero({ [decision]: 'allow' });
    this.#durations.zero({ [decision]: 'block' });
  }

  record(happening: Happening): void {
    if (happening.kind === 'alert') return;
    this.#reconfigure();
    if (happening.kind === 'settlement') this.#series.settled(happening);
    else {
      const { durationSeconds } = happening;
      if (durationSeconds !== undefined) this.#durations.observe({ [decision]: happening.decision }, durationSeconds);
      this.#series.decided(happening);
    }
  }

  write(registry: Registry): void {
    this.#reconfigure();
    this.#series.write(registry);
  }

  /** Other labels are other series: they start over, which Prometheus reads as a restart. */
  #reconfigure(): void {
    const config = this.#config();
    if (config === this.#seen) return;
    this.#seen = config;
    const labels = labelsOf(config);
    if (labels.join() === this.#labels.join()) return;
    this.#labels = labels;
    this.#series = new UsageSeries(labels, this.#bounds);
  }
}

function labelsOf(config: Config): Dimension[] {
  return [...new Set<Dimension>([...USAGE_LABELS, ...config.metrics.labels])];
}

/** What a fallback took the place of would make a series for each pair of models: whether it is one does. */
function labelOf(attribution: Attribution, name: Dimension): string {
  return name === 'fallback' ? String(attribution.fallback !== undefined) : (attribution[name] ?? '');
}

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

const MOST_KNOWN = 5_000;

/** Labels that were seen before, and the series met with them. */
interface Known {
  labels: Labels;
  cost: Series;
  byDecision: Map<string, Series>;
  byOutcome: Map<string, Series>;
  byType: Map<string, Series>;
}

/** The series of these labels and one more, looked up among those met before. */
function labelled(sums: Sums, labels: Labels, name: string, value: string, met: Map<string, Series>): Series {
  let series = met.get(value);
  if (!series) {
    series = sums.series({ ...labels, [name]: value });
    met.set(value, series);
  }
  return series;
}

class UsageSeries {
  readonly #dimensions: readonly Dimension[];
  readonly #guard: LabelGuard;
  readonly #known = new Map<string, Known>();
  readonly #decisions: Sums;
  readonly #cost: Sums;
  readonly #tokens: Sums;
  readonly #calls: Sums;
  readonly #unpriced: Sums;
  readonly #unowned: Sums;

  constructor(dimensions: readonly Dimension[], bounds: CardinalityBounds | undefined) {
    this.#dimensions = dimensions;
    this.#guard = new LabelGuard(bounds);
    this.#decisions = new Sums([decision, reason, ...dimensions]);
    this.#cost = new Sums(dimensions);
    this.#tokens = new Sums([type, ...dimensions]);
    this.#calls = new Sums([outcome, ...dimensions]);
    this.#unpriced = new Sums(dimensions);
    this.#unowned = new Sums(dimensions);
  }

  decided(happening: Of<'decision'>): void {
    const { labels, byDecision } = this.#knownOf(happening.attribution);
    const key = `${happening.decision} ${happening.reason}`;
    let series = byDecision.get(key);
    if (!series) {
      series = this.#decisions.series({ ...labels, [decision]: happening.decision, [reason]: happening.reason });
      byDecision.set(key, series);
    }
    series.sum += 1n;
  }

  settled({ attribution, receipt, owned, tokens, ...happening }: Of<'settlement'>): void {
    const known = this.#knownOf(attribution);
    known.cost.sum += receipt.costNanoUsd;
    labelled(this.#calls, known.labels, outcome, happening.outcome, known.byOutcome).sum += 1n;
    for (const kind in tokens) {
      const count = tokens[kind] as number;
      const series = labelled(this.#tokens, known.labels, type, kind, known.byType);
      if (count !== 0) series.sum += BigInt(count);
    }
    if (receipt.status === 'unpriced') this.#unpriced.add(known.labels, 1n);
    if (!owned) this.#unowned.add(known.labels, receipt.costNanoUsd);
  }

  /** Most happenings repeat the labels of an earlier one. */
  #knownOf(attribution: Attribution): Known {
    let values = '';
    for (const name of this.#dimensions) values += `${labelOf(attribution, name)}\u0000`;
    const known = this.#known.get(values);
    if (known) return known;
    const labels = this.#admit(attribution);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    const cost = this.#cost.series(labels);
    const found = { labels, cost, byDecision: new Map(), byOutcome: new Map(), byType: new Map() };
    this.#known.set(values, found);
    return found;
  }

  /** What is first seen when it is decided is there at 0 before it is settled. */
  #admit(attribution: Attribution): Labels {
    const raw = Object.fromEntries(this.#dimensions.map((name) => [name, labelOf(attribution, name)]));
    const { labels, isNew } = this.#guard.admit(raw);
    if (isNew) this.#start(labels);
    return labels;
  }

  #start(labels: Labels): void {
    for (const sums of [this.#cost, this.#unpriced, this.#unowned]) sums.add(labels, 0n);
    for (const denial of AWAITED_DENIALS) this.#decisions.add({ ...labels, ...denial }, 0n);
    this.#calls.add({ ...labels, [outcome]: 'ok' }, 0n);
    for (const kind of TOKEN_TYPES) this.#tokens.add({ ...labels, [type]: kind }, 0n);
  }

  write(registry: Registry): void {
    this.#cost.writeCounter(registry, METRIC.cost, 'Cost of settled attempts in USD.', usd);
    this.#tokens.writeCounter(registry, METRIC.tokens, 'Tokens of settled attempts, by type.');
    this.#calls.writeCounter(registry, METRIC.calls, 'Settled attempts, by outcome.');
    this.#unpriced.writeCounter(
      registry,
      METRIC.unpricedCalls,
      'Attempts priced at the ceiling: nobody knows the price.',
    );
    this.#unowned.writeCounter(registry, METRIC.unownedCost, 'Cost in USD that matched no budget.', usd);
    this.#decisions.writeCounter(registry, METRIC.decisions, 'Decisions about attempts.');
  }
}

import type { Logger } from 'pino';
import { Counter, Gauge, Registry } from 'prom-client';
import { type Enforcer, NotReady } from '../../enforce/enforcer.ts';
import { LedgerUnavailable } from '../../ledger/ledger.ts';
import { BUDGET_LABEL, METRIC } from '../../telemetry/names.ts';
import type { Drain } from '../wait.ts';
import { writeBudgetGauges } from './budget-gauges.ts';
import type { CardinalityBounds } from './cardinality.ts';
import { Sums, usd } from './series.ts';
import { UsageCounters } from './usage-counters.ts';

/** The server's /metrics. Counters follow what happens; everything else is read when it is asked for. */
export class Metrics {
  readonly #enforcer: Enforcer;
  readonly #drain: Drain;
  readonly #lasting = new Registry();
  readonly #usage: UsageCounters;
  readonly #reloads: Counter;
  readonly #lastReload: Gauge;
  readonly #unsubscribe: () => void;

  constructor(enforcer: Enforcer, drain: Drain, log: Logger, bounds?: CardinalityBounds) {
    this.#enforcer = enforcer;
    this.#drain = drain;
    this.#usage = new UsageCounters(this.#lasting, () => enforcer.config(), bounds);
    const registers = [this.#lasting];
    const help = 'Times that the config was read again.';
    this.#reloads = new Counter({ name: METRIC.configReloads, help, registers });
    const lastHelp = '1 when the config last read is in force.';
    this.#lastReload = new Gauge({ name: METRIC.configLastReloadSuccess, help: lastHelp, registers });
    this.#lastReload.set(1);
    this.#unsubscribe = enforcer.on((happening) => {
      try {
        this.#usage.record(happening);
      } catch (err) {
        // Whoever tells has booked money already; a count that fails must not look like a booking that failed.
        log.error({ err, kind: happening.kind }, 'a metric could not be counted');
      }
    });
  }

  /** The config was read again; when it could not be used, the one before stays in force. */
  configReloaded(successful: boolean): void {
    this.#reloads.inc();
    this.#lastReload.set(successful ? 1 : 0);
  }

  get contentType(): string {
    return this.#lasting.contentType;
  }

  /** Text format 0.0.4. Without the ledger there are no budget gauges, and `ready` is 0. */
  async render(): Promise<string> {
    const registry = new Registry();
    this.#writeServer(registry);
    this.#usage.write(registry);
    await this.#writeBudgets(registry);
    const [lasting, now] = await Promise.all([this.#lasting.metrics(), registry.metrics()]);
    return lasting + now;
  }

  close(): void {
    this.#unsubscribe();
  }

  #writeServer(registry: Registry): void {
    const registers = [registry];
    const ready = this.#enforcer.readiness().ready && !this.#drain.closing;
    new Gauge({ name: METRIC.ready, help: '1 when the server can decide.', registers }).set(ready ? 1 : 0);
    const waiting = new Gauge({
      name: METRIC.waiting,
      help: 'Reservations that wait for live holds to end.',
      registers,
    });
    waiting.set(this.#enforcer.waitingCount?.() ?? this.#drain.waiting);
    this.#writeLeased(registry);
    const sessions = this.#enforcer.sessionCount?.();
    if (sessions === undefined) return;
    new Gauge({ name: METRIC.sessions, help: 'Client processes that live.', registers }).set(sessions);
  }

  /** Part of what the budget gauges call reserved: of each budget, also one of which nothing is leased. */
  #writeLeased(registry: Registry): void {
    const leased = this.#enforcer.leased?.();
    if (!leased) return;
    const sums = new Sums([BUDGET_LABEL.budget]);
    for (const { name } of this.#enforcer.config().budgets) sums.add({ [BUDGET_LABEL.budget]: name }, 0n);
    for (const [budget, heldNanoUsd] of leased) sums.add({ [BUDGET_LABEL.budget]: budget }, heldNanoUsd);
    sums.writeGauge(registry, METRIC.leased, 'Held by slices, from which sessions admit attempts, in USD.', usd);
  }

  async #writeBudgets(registry: Registry): Promise<void> {
    try {
      const views = await this.#enforcer.budgets();
      writeBudgetGauges(registry, views, this.#enforcer.config().metrics.topInstances);
    } catch (error) {
      if (!(error instanceof NotReady || error instanceof LedgerUnavailable)) throw error;
    }
  }
}

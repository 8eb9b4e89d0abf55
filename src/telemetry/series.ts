/**
 * The attributes of a call's span and metrics. Most calls of a process are of a few kinds, so what is said of a kind is put
 * together once: a model asked for at a provider, and the model that served it.
 */
import { type Attributes, SpanKind, type SpanOptions } from '@opentelemetry/api';
import type { Attribution } from '../domain/attribution.ts';
import { isInference } from './conventions.ts';
import { costs, type Instruments, type Timing } from './instruments.ts';
import { ATTR } from './names.ts';
import { otelProviderName } from './provider-names.ts';
import type { Total } from './totals.ts';

/** What makes a kind of call. */
export interface Kind {
  operation: string;
  provider: string;
  model: string;
  serverAddress?: string | undefined;
  serverPort?: number | undefined;
}

/** Names of models come from callers, so each cache is emptied when it grows past its bound. */
const MAX_SERIES = 512;
const MAX_SERVED = 64;
const MAX_ERRORS = 64;

/** By model; the same model is seldom asked for at more than one or two places. */
const all = new Map<string, Series[]>();
let size = 0;

export function seriesOf(kind: Kind): Series {
  const known = all.get(kind.model);
  if (known) {
    for (const series of known) if (series.isOf(kind)) return series;
  }
  if (size >= MAX_SERIES) {
    all.clear();
    size = 0;
  }
  const series = new Series(kind);
  all.set(kind.model, [series, ...(all.get(kind.model) ?? [])]);
  size += 1;
  return series;
}

/** The objects are handed to the SDK as they are, which copies or keeps them and changes none. */
export class Series {
  readonly spanName: string;
  readonly spanOptions: SpanOptions;
  readonly isInference: boolean;
  readonly #kind: Kind;
  readonly #key: string;
  readonly #attributes: Attributes;
  readonly #unserved: Served;
  readonly #served = new Map<string, Served>();

  constructor({ operation, provider, model, serverAddress, serverPort }: Kind) {
    this.#kind = { operation, provider, model, serverAddress, serverPort };
    this.#key = `${operation}\n${provider}\n${model}\n${serverAddress ?? ''}\n${serverPort ?? ''}`;
    this.isInference = isInference(operation);
    this.spanName = `${operation} ${model}`;
    this.#attributes = {
      [ATTR.operationName]: operation,
      [ATTR.providerName]: otelProviderName(provider),
      [ATTR.requestModel]: model,
      ...(serverAddress !== undefined && { [ATTR.serverAddress]: serverAddress }),
      ...(serverPort !== undefined && { [ATTR.serverPort]: serverPort }),
    };
    this.spanOptions = { kind: SpanKind.CLIENT, attributes: this.#attributes };
    this.#unserved = new Served(this.#key, this.#attributes);
  }

  isOf({ operation, provider, serverAddress, serverPort }: Kind): boolean {
    const own = this.#kind;
    return (
      own.operation === operation &&
      own.provider === provider &&
      own.serverAddress === serverAddress &&
      own.serverPort === serverPort
    );
  }

  timing({ inference, operation }: Instruments): Timing {
    return this.isInference ? inference : operation;
  }

  /** What is said once it is known which model answered; undefined: nobody told. */
  served(model: string | undefined): Served {
    if (model === undefined) return this.#unserved;
    let served = this.#served.get(model);
    if (served) return served;
    if (this.#served.size >= MAX_SERVED) this.#served.clear();
    served = new Served(`${this.#key}\n${model}`, { ...this.#attributes, [ATTR.responseModel]: model });
    this.#served.set(model, served);
    return served;
  }
}

/** Dimensions with few values, fit for metric labels. */
const METRIC_DIMENSIONS = ['team', 'cost_center', 'project', 'environment', 'workflow', 'route'] as const;

export class Served {
  readonly key: string;
  readonly attributes: Attributes;
  /** With their `gen_ai.token.type`. */
  readonly input: Attributes;
  readonly output: Attributes;
  readonly #failed = new Map<string, Attributes>();
  /** Attributions are the same object wherever they say the same. */
  #costs = new WeakMap<Attribution, Total>();

  constructor(key: string, attributes: Attributes) {
    this.key = key;
    this.attributes = attributes;
    this.input = { ...attributes, [ATTR.tokenType]: 'input' };
    this.output = { ...attributes, [ATTR.tokenType]: 'output' };
  }

  ended(errorType: string | undefined): Attributes {
    if (errorType === undefined) return this.attributes;
    let failed = this.#failed.get(errorType);
    if (failed) return failed;
    if (this.#failed.size >= MAX_ERRORS) this.#failed.clear();
    failed = { ...this.attributes, [ATTR.errorType]: errorType };
    this.#failed.set(errorType, failed);
    return failed;
  }

  cost(attribution: Attribution): Total {
    let total = this.#costs.get(attribution);
    if (total) return total;
    const labels = metricAttributes(attribution);
    total = costs.of(`${this.key}\n${JSON.stringify(labels)}`, () => ({ ...this.attributes, ...labels }));
    this.#costs.set(attribution, total);
    return total;
  }
}

function metricAttributes(attribution: Attribution): Attributes {
  const attributes: Attributes = {};
  for (const dimension of METRIC_DIMENSIONS) {
    const value = attribution[dimension];
    if (value !== undefined) attributes[ATTR.attributionPrefix + dimension] = value;
  }
  // What it took the place of would be a series for each pair of models.
  if (attribution.fallback !== undefined) attributes[ATTR.isFallback] = true;
  return attributes;
}

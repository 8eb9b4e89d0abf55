/** The only reader of the service's environment. A bad value gets one warning with its mend, and the safe default. */
import { type Attribution, DIMENSIONS, type Dimension } from '../domain/attribution.ts';
import type { WhenUnreachable } from '../domain/budget.ts';
import type { DurationMs } from '../domain/time.ts';
import { EDITIONS, type Edition, type TelemetryOptions } from '../telemetry/conventions.ts';
import { cleanValue } from './attribution.ts';
import type { Warn } from './warn.ts';

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4319';
/** What may come from outside in W3C baggage, where the service lists it. */
export const BAGGAGE_DIMENSIONS = ['workflow', 'customer', 'user', 'route'] as const satisfies readonly Dimension[];

export interface Environment {
  endpoint: URL;
  token?: string;
  /** The process may be frozen between calls: nothing is kept back that others could use, and it is heard of only during calls. */
  serverless: boolean;
  /** Decides while nothing is known from the server. */
  whenUnreachable: WhenUnreachable;
  /** Within this a decision has to come, or the server counts as unreachable for that call. */
  decisionTimeoutMs: DurationMs;
  /** `start`: spendfuse starts an OpenTelemetry SDK; otherwise it only speaks to the API. */
  startOtel: boolean;
  telemetry: TelemetryOptions;
  acceptBaggage: readonly Dimension[];
  /** Folder for settlements that outlive the process; absent: one in the system's temporary folder. */
  journalFolder?: string;
  /** What the process says of itself. */
  attribution: Attribution;
}

type Variables = Readonly<Record<string, string | undefined>>;

export function readEnvironment(variables: Variables, warn: Warn): Environment {
  const token = value(variables, 'SPENDFUSE_TOKEN');
  const journalFolder = value(variables, 'SPENDFUSE_JOURNAL');
  return {
    endpoint: readEndpoint(value(variables, 'SPENDFUSE_ENDPOINT'), warn),
    serverless: readServerless(variables, warn),
    whenUnreachable: readChoice(variables, 'SPENDFUSE_WHEN_UNREACHABLE', ['allow', 'block'], warn) ?? 'allow',
    decisionTimeoutMs: readTimeout(variables, warn),
    startOtel: readChoice(variables, 'SPENDFUSE_OTEL', ['start', 'api'], warn) === 'start',
    telemetry: readTelemetry(variables, warn),
    acceptBaggage: readBaggage(value(variables, 'SPENDFUSE_ACCEPT_BAGGAGE'), warn),
    attribution: readAttribution(variables, warn),
    ...(token !== undefined && { token: readToken(token, warn) }),
    ...(journalFolder !== undefined && { journalFolder }),
  };
}

/** AWS Lambda (and who builds on it), Google Cloud Functions and Cloud Run freeze a process that answers nothing. */
const FREEZERS = ['AWS_LAMBDA_FUNCTION_NAME', 'FUNCTION_TARGET', 'K_SERVICE'] as const;

function readServerless(variables: Variables, warn: Warn): boolean {
  const said = readChoice(variables, 'SPENDFUSE_SERVERLESS', ['yes', 'no'], warn);
  return said === undefined ? FREEZERS.some((name) => value(variables, name) !== undefined) : said === 'yes';
}

/** Slow enough for a busy server in the same region, and quick enough that nobody waits long for one that is away. */
const DECISION_TIMEOUT_MS: DurationMs = 250;
const MOST_TIMEOUT_MS: DurationMs = 60_000;

function readTimeout(variables: Variables, warn: Warn): DurationMs {
  const name = 'SPENDFUSE_DECISION_TIMEOUT_MS';
  const text = value(variables, name);
  if (text === undefined) return DECISION_TIMEOUT_MS;
  const ms = /^\d+$/.test(text) ? Number(text) : 0;
  if (ms >= 1 && ms <= MOST_TIMEOUT_MS) return ms;
  warn(
    name,
    `${name} is "${text}"; use milliseconds from 1 to ${MOST_TIMEOUT_MS} (${DECISION_TIMEOUT_MS} is used now)`,
  );
  return DECISION_TIMEOUT_MS;
}

function value(variables: Variables, name: string): string | undefined {
  return variables[name]?.trim() || undefined;
}

function readEndpoint(text: string | undefined, warn: Warn): URL {
  const fallback = new URL(DEFAULT_ENDPOINT);
  if (text === undefined) return fallback;
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  warn(
    'SPENDFUSE_ENDPOINT',
    `SPENDFUSE_ENDPOINT is no http(s) URL; write it like ${DEFAULT_ENDPOINT}, which is used now`,
  );
  return fallback;
}

/** A token with a line break in it cannot be sent as a header: the usual cause is a secret file's last newline. */
function readToken(text: string, warn: Warn): string {
  const clean = text.replace(/[^\x21-\x7e]/g, '');
  if (clean !== text) {
    warn(
      'SPENDFUSE_TOKEN',
      'SPENDFUSE_TOKEN holds spaces or control characters, which are left out; check how it was set',
    );
  }
  return clean;
}

function readChoice<T extends string>(
  variables: Variables,
  name: string,
  choices: readonly T[],
  warn: Warn,
): T | undefined {
  const text = value(variables, name);
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text.toLowerCase());
  if (choice === undefined) warn(name, `${name} is "${text}"; use ${choices.map((c) => `"${c}"`).join(' or ')}`);
  return choice;
}

/** OpenTelemetry's own variable says the same to every instrumentation, among what it says of others. */
const OTEL_LATEST = 'gen_ai_latest_experimental';

function readTelemetry(variables: Variables, warn: Warn): TelemetryOptions {
  const optedIn = value(variables, 'OTEL_SEMCONV_STABILITY_OPT_IN')?.split(',') ?? [];
  const usual: Edition = optedIn.some((name) => name.trim() === OTEL_LATEST) ? 'latest' : 'released';
  return {
    names: readChoice(variables, 'SPENDFUSE_OTEL_NAMES', EDITIONS, warn) ?? usual,
    everyChunk: readChoice(variables, 'SPENDFUSE_OTEL_CHUNKS', ['first', 'every'], warn) === 'every',
  };
}

function readBaggage(text: string | undefined, warn: Warn): Dimension[] {
  const accepted: Dimension[] = [];
  for (const part of text?.split(',') ?? []) {
    const name = part.trim().replace(/^spendfuse\./, '');
    const dimension = BAGGAGE_DIMENSIONS.find((candidate) => candidate === name);
    if (dimension !== undefined) accepted.push(dimension);
    else if (name !== '') {
      warn(
        `SPENDFUSE_ACCEPT_BAGGAGE ${name}`,
        `SPENDFUSE_ACCEPT_BAGGAGE lists "${name}", which may not come from outside; use ${BAGGAGE_DIMENSIONS.join(', ')}`,
      );
    }
  }
  return accepted;
}

/** `OTEL_SERVICE_NAME` wins over `service.name`, as OpenTelemetry says. */
function readAttribution(variables: Variables, warn: Warn): Attribution {
  const attribution: Attribution = {};
  for (const [key, text] of resourceAttributes(value(variables, 'OTEL_RESOURCE_ATTRIBUTES'), warn)) {
    const dimension = dimensionOf(key, warn);
    const clean = dimension && cleanValue(dimension, text, warn);
    if (dimension && clean !== undefined) attribution[dimension] = clean;
  }
  const service = value(variables, 'OTEL_SERVICE_NAME');
  const clean = service === undefined ? undefined : cleanValue('service', service, warn);
  if (clean !== undefined) attribution.service = clean;
  return attribution;
}

/** `key=value,key=value`, percent-encoded. */
function resourceAttributes(text: string | undefined, warn: Warn): [string, string][] {
  const pairs: [string, string][] = [];
  for (const part of text?.split(',') ?? []) {
    const at = part.indexOf('=');
    try {
      if (at > 0) pairs.push([part.slice(0, at).trim(), decodeURIComponent(part.slice(at + 1).trim())]);
    } catch {
      warn('OTEL_RESOURCE_ATTRIBUTES', `OTEL_RESOURCE_ATTRIBUTES: "${part.trim()}" is not percent-encoded; left out`);
    }
  }
  return pairs;
}

function dimensionOf(key: string, warn: Warn): Dimension | undefined {
  if (key === 'service.name') return 'service';
  if (key === 'deployment.environment.name' || key === 'deployment.environment') return 'environment';
  if (!key.startsWith('spendfuse.')) return undefined;
  const dimension = DIMENSIONS.find((candidate) => candidate === key.slice('spendfuse.'.length));
  if (dimension === undefined || dimension === 'api_key') {
    warn(key, `OTEL_RESOURCE_ATTRIBUTES: "${key}" is no dimension that a service can say; use ${SAYABLE.join(', ')}`);
    return undefined;
  }
  return dimension;
}

const SAYABLE = DIMENSIONS.filter((dimension) => dimension !== 'api_key').map((dimension) => `spendfuse.${dimension}`);

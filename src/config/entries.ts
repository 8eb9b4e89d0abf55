/** Everything of a config that is neither an owner nor a budget. */
import { dirname, isAbsolute, join } from 'node:path';
import type { Attribution, Dimension, Match } from '../domain/attribution.ts';
import { divideRounded, NANO_PER_USD } from '../domain/money.ts';
import type { Config, ContractPrice, KeyEntry, TokenEntry } from './config.ts';
import type { Place, Report } from './finding.ts';
import { duplicate, type Entry, type Merged, unique } from './merge.ts';
import { checkOwner, type Owners } from './owners.ts';
import { PRICE_KEYS, type PriceDraft, type PriceKey, type TokenDraft } from './shape-file.ts';

/** What an attempt is by itself; to rename it would change what it costs or whose key it used. */
const FACTS: readonly Dimension[] = ['provider', 'model', 'api_key', 'fallback'];
/** Dimensions with a value for each person who uses the product: as labels they would drown a Prometheus. */
const UNBOUNDED: readonly Dimension[] = ['customer', 'user'];

function under(entry: Entry<unknown>, ...path: (string | number)[]): Place {
  return { file: entry.place.file, path: [...entry.place.path, ...path] };
}

export function buildAttribute(merged: Merged, report: Report): Config['attribute'] {
  return merged.attribute.map((rule) => {
    const set = (rule.value.set ?? {}) as Attribution;
    if (Object.keys(set).length === 0 && !rule.broken('set')) {
      report.error(rule.place, { code: 'attribute', message: 'the rule sets nothing', mend: 'add set: { team: … }' });
    }
    for (const dimension of FACTS.filter((fact) => set[fact] !== undefined)) {
      const message = `"${dimension}" is a fact of the call and cannot be set`;
      report.error({ ...under(rule, 'set', dimension), on: 'key' }, { code: 'attribute', message, mend: 'delete it' });
    }
    for (const [dimension, value] of Object.entries(set).filter(([, text]) => text.includes('*'))) {
      const message = `set ${dimension} "${value}" is a pattern`;
      report.error(under(rule, 'set', dimension), { code: 'attribute', message, mend: 'write one value' });
    }
    return { match: (rule.value.match ?? {}) as Match, set };
  });
}

export function buildKeys(merged: Merged, owners: Owners, report: Report): KeyEntry[] {
  const keys = [...merged.keys].map(([fingerprint, entry]): KeyEntry => {
    const { alias = '', owner, expected_share: share } = entry.value;
    if (owner !== undefined) checkOwner(owner, owners, under(entry, 'owner'), report);
    return {
      fingerprint,
      alias,
      ...(owner !== undefined && { owner }),
      ...(share !== undefined && { expectedShareBasisPoints: share }),
    };
  });
  unique([...merged.keys.values()], 'alias', 'alias', report);
  return keys;
}

export function buildTokens(merged: Merged, report: Report): TokenEntry[] {
  unique(merged.tokens, 'token', 'name', report);
  return merged.tokens.flatMap((entry) => buildToken(entry, report) ?? []);
}

function buildToken(entry: Entry<TokenDraft>, report: Report): TokenEntry | undefined {
  const { name, role, pins, may_assert: mayAssert, max_share: maxShare } = entry.value;
  const secret = secretOf(entry, report);
  if (name === undefined || role === undefined || secret === undefined) return undefined;
  return {
    name,
    role,
    secret,
    pins: (pins ?? {}) as Attribution,
    ...(mayAssert && { mayAssert }),
    ...(maxShare !== undefined && { maxShareBasisPoints: maxShare }),
  };
}

/** A relative file lies beside the config file that names it. */
function secretOf(entry: Entry<TokenDraft>, report: Report): TokenEntry['secret'] | undefined {
  const { name, secret_env: env, secret_file: file } = entry.value;
  if ((env === undefined) === (file === undefined)) {
    if (entry.broken('secret_env') || entry.broken('secret_file')) return undefined;
    const message = `${name === undefined ? 'a token' : `token ${JSON.stringify(name)}`} has ${env === undefined ? 'no secret' : 'two secrets'}`;
    report.error(entry.place, { code: 'token-secret', message, mend: 'give either secret_env or secret_file' });
    return undefined;
  }
  if (env !== undefined) return { env };
  return { file: isAbsolute(file!) ? file! : join(dirname(entry.place.file.name), file!) };
}

export function buildPrices(merged: Merged, report: Report): ContractPrice[] {
  const first = new Map<string, Place>();
  return merged.prices.flatMap((entry) => {
    const price = buildPrice(entry, report);
    if (!price) return [];
    const key = JSON.stringify([price.provider, price.model, price.from ?? null]);
    const earlier = first.get(key);
    if (earlier) duplicate(report, entry.place, `a price of ${price.provider}/${price.model} from that day`, earlier);
    else first.set(key, entry.place);
    return [price];
  });
}

function buildPrice(entry: Entry<PriceDraft>, report: Report): ContractPrice | undefined {
  const { provider, model, from, until } = entry.value;
  if (from !== undefined && until !== undefined && from >= until) {
    report.error(under(entry, 'until'), {
      code: 'price',
      message: '"until" is not after "from"',
      mend: 'swap or correct them',
    });
  }
  const nanoUsdPerMillion = unitPrices(entry.value);
  if (provider === undefined || model === undefined) return undefined;
  if (Object.keys(nanoUsdPerMillion).length === 0 && entry.sound) {
    report.error(entry.place, { code: 'price', message: 'the price prices nothing', mend: 'add input: and output:' });
  }
  return {
    provider,
    model,
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    nanoUsdPerMillion,
  };
}

/** Prices that are not by the token, and what makes them prices of a million (seconds, for the hour). */
const FEE_KEYS = {
  web_searches_per_thousand: ['web_searches_kcount', 1000n, 1n],
  input_characters_per_million: ['input_characters_mcount', 1n, 1n],
  input_audio_per_hour: ['input_audio_hours', 1_000_000n, 3600n],
  output_images_per_thousand: ['output_images_kcount', 1000n, 1n],
} as const;

function unitPrices(draft: PriceDraft): Record<string, bigint> {
  const prices: Record<string, bigint> = {};
  for (const [name, key] of Object.entries(PRICE_KEYS)) {
    const amount = draft[name as PriceKey];
    if (amount !== undefined) prices[key] = amount;
  }
  for (const [name, [key, perMillion, of]] of Object.entries(FEE_KEYS)) {
    const amount = draft[name as keyof typeof FEE_KEYS];
    if (amount !== undefined) prices[key] = divideRounded(amount * perMillion, of, 'up');
  }
  return prices;
}

/** USD per million tokens that an unknown model costs at most, as far as anybody has published a price. */
const CEILING = { input: 30n * NANO_PER_USD, output: 180n * NANO_PER_USD, maxOutputTokens: 128_000 };

export function buildSettings(merged: Merged, report: Report) {
  const { limits, metrics, unmatched, leases, unpriced, routes } = merged.settings;
  const labels = metrics?.labels ?? [];
  for (const [index, label] of labels.entries()) {
    if (metrics?.allow_unbounded || !UNBOUNDED.includes(label)) continue;
    const message = `label "${label}" is unbounded: one time series for each`;
    const mend = 'delete it, or say allow_unbounded: true';
    report.error(merged.settingPlace('metrics', 'labels', index), { code: 'unbounded-label', message, mend });
  }
  const ceiling = unpriced?.ceiling;
  return {
    approvedRoutes: routes?.approved ?? [],
    unmatched: unmatched ?? 'allow',
    leases: leases ?? true,
    ceiling: {
      inputNanoUsdPerMillion: ceiling?.input ?? CEILING.input,
      outputNanoUsdPerMillion: ceiling?.output ?? CEILING.output,
      maxOutputTokens: ceiling?.max_output_tokens ?? CEILING.maxOutputTokens,
    },
    maxWaitMs: limits?.max_wait ?? 5_000,
    maxCallDurationMs: limits?.max_call_duration ?? 600_000,
    unreachableAllowanceNanoUsd: limits?.unreachable_allowance ?? NANO_PER_USD,
    metrics: { labels: [...new Set(labels)], topInstances: metrics?.top_instances ?? 100 },
  } satisfies Partial<Config>;
}

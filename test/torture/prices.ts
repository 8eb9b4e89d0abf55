/**
 * What the provider charges, as whole nano-USD per token, so that every cost is a whole number and nobody rounds. The judge
 * reckons with this table alone; the server gets the same figures as text, as contract prices.
 */
export interface Price {
  provider: 'openai' | 'anthropic';
  input: bigint;
  cachedRead: bigint;
  output: bigint;
}

/** No catalogue knows these models: were the contract not applied, the ceiling would be, and every cost would differ. */
export const PRICES: Readonly<Record<string, Price>> = {
  'torture-chat': { provider: 'openai', input: 1_000n, cachedRead: 250n, output: 4_000n },
  'torture-messages': { provider: 'anthropic', input: 2_000n, cachedRead: 200n, output: 10_000n },
};

export interface Caps {
  /** Of everything together. */
  capNanoUsd: bigint;
  /** Of each team: the same calls count for both. */
  teamCapNanoUsd: bigint;
}

export interface Mode {
  holds: 'strict' | 'expected';
  leases: boolean;
}

/** A rolling day, so that no midnight makes a cap whole again in the middle of a run. */
export function configOf({ capNanoUsd, teamCapNanoUsd }: Caps, { holds, leases }: Mode): string {
  const terms = [
    'owner: team',
    'window: { rolling: 24h }',
    'hard: block',
    'when_unreachable: block',
    ...(holds === 'expected' ? ['holds: { expected: p99 }'] : []),
  ].join(', ');
  return [
    'owners: { team: {} }',
    ...(leases ? [] : ['leases: false']),
    'prices:',
    ...Object.entries(PRICES).map(([model, price]) => `  - { ${priceTerms(model, price)} }`),
    'budgets:',
    `  - { name: cap, limit: ${usd(capNanoUsd)}, ${terms} }`,
    `  - { name: team-cap, per: [team], limit: ${usd(teamCapNanoUsd)}, ${terms} }`,
    '',
  ].join('\n');
}

function priceTerms(model: string, { provider, input, cachedRead, output }: Price): string {
  const perMillion = (nanoUsdPerToken: bigint) => usd(nanoUsdPerToken * 1_000_000n);
  const rates = `input: ${perMillion(input)}, cached_read: ${perMillion(cachedRead)}, output: ${perMillion(output)}`;
  return `provider: ${provider}, model: ${model}, ${rates}`;
}

/** A decimal of nine places: 1500000000 is `1.500000000`. */
function usd(nanoUsd: bigint): string {
  const digits = nanoUsd.toString().padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

const NANO_PER_USD = 1_000_000_000n;

/** `$0.248`: three places, enough to see it move; cut, not rounded, so that a cap never looks passed. */
export function dollars(nanoUsd: bigint): string {
  return `$${nanoUsd / NANO_PER_USD}.${fraction(nanoUsd).slice(0, 3)}`;
}

/** `$0.248913600`: every nano-dollar. */
export function exactDollars(nanoUsd: bigint): string {
  const absolute = nanoUsd < 0n ? -nanoUsd : nanoUsd;
  return `${nanoUsd < 0n ? '-' : ''}$${absolute / NANO_PER_USD}.${fraction(absolute)}`;
}

function fraction(nanoUsd: bigint): string {
  return (nanoUsd % NANO_PER_USD).toString().padStart(9, '0');
}

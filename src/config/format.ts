/** Basis points as a percentage: 9000 is `90%`, 50 is `0.5%`. */
export function formatPercent(basisPoints: number): string {
  return `${basisPoints / 100}%`;
}

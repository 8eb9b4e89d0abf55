/** The last word: the provider's count against the ledger's, to the nano-dollar, and what became of each service. */
import { type Account, type Counts, faults } from '../counts.ts';
import { type Line, wrap } from './line.ts';
import { dollars, exactDollars } from './money.ts';

const NAME = 15;
const CALLS = 7;
const MONEY = 16;
const DIFFERENCE = 13;
const REFUSED = 9;

export function summary(counts: Counts): Line[] {
  const { provider, ledger, unresolvedNanoUsd, overshootNanoUsd, refused } = counts;
  const rule: Line = [['dim', `  ${'─'.repeat(NAME + CALLS + 2 * MONEY + DIFFERENCE + REFUSED)}`]];
  return [
    [],
    [['dim', cells('', 'calls', 'provider', 'ledger', 'difference', 'refused')]],
    ...counts.accounts.map(accountLine),
    rule,
    totalLine('total', provider.calls, provider.nanoUsd, ledger.nanoUsd, refused),
    [],
    check(unresolvedNanoUsd === 0n, `unresolved ${exactDollars(unresolvedNanoUsd)}`),
    check(overshootNanoUsd === 0n, `overshoot  ${exactDollars(overshootNanoUsd)} above caps, by either count`),
    ...counts.accounts.map(fateLine),
    ...undecidedLines(counts),
    [],
    ...verdict(counts),
  ];
}

function cells(name: string, calls: string, provider: string, ledger: string, difference: string, refused: string) {
  const figures = calls.padStart(CALLS) + provider.padStart(MONEY) + ledger.padStart(MONEY);
  return `  ${name.padEnd(NAME)}${figures}${difference.padStart(DIFFERENCE)}${refused.padStart(REFUSED)}`;
}

function accountLine({ service, provider, ledger, fare }: Account): Line {
  return totalLine(service.name, provider.calls, provider.nanoUsd, ledger.nanoUsd, fare.refused);
}

function totalLine(name: string, calls: number, provider: bigint, ledger: bigint, refused: number): Line {
  const difference = ledger - provider;
  const text = cells(
    name,
    String(calls),
    exactDollars(provider),
    exactDollars(ledger),
    String(difference),
    String(refused),
  );
  return [[difference === 0n ? 'plain' : 'red', text]];
}

function check(isWell: boolean, text: string): Line {
  return [
    [isWell ? 'green' : 'red', isWell ? '  ✓ ' : '  ✗ '],
    ['plain', text],
  ];
}

function fateLine({ service, budget, fare }: Account): Line {
  const name = service.name.padEnd(NAME);
  if (service.fate === 'warned') {
    const share = budget.limit === 0n ? 0n : (budget.spent * 100n) / budget.limit;
    return check(fare.refused === 0, `${name}told about, never stopped: ${share} % of its soft budget`);
  }
  const amounts = `${dollars(budget.spent)} of ${dollars(budget.limit)}`;
  return check(fare.exhausted, `${name}stopped at ${amounts}: the next call might not fit`);
}

function undecidedLines({ accounts }: Counts): Line[] {
  const undecided = accounts.reduce((sum, { fare }) => sum + fare.undecided, 0);
  if (undecided === 0) return [];
  return [[['dim', `    ${undecided} more calls were not sent while nobody could decide, and tried again`]]];
}

function verdict(counts: Counts): Line[] {
  const found = faults(counts);
  if (found.length > 0) return found.map((fault) => [['red', `  ✗ ${fault}`]]);
  const calls = `${counts.provider.calls} calls billed, ${counts.refused} refused before they left their process`;
  return wrap(`Ledger and provider agree to the nano-dollar: ${calls}.`, 76).map(
    (text): Line => [['bold', `  ${text}`]],
  );
}

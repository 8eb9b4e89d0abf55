/** The live part of the view: a bar for each budget, and how the server is. A pure function of what is known. */
import type { BudgetNow } from '../api.ts';
import type { Bill } from '../provider.ts';
import type { Fare, ServiceSpec } from '../services.ts';
import { bar, percent, STATE_STYLE } from './bar.ts';
import { type Line, type Span, widthOf } from './line.ts';
import { dollars } from './money.ts';

export interface Row {
  service: ServiceSpec;
  budget: BudgetNow;
  bill: Bill;
  fare: Fare;
  running: boolean;
}

export interface PanelState {
  elapsedMs: number;
  server: { url: string; up: boolean };
  rows: readonly Row[];
  /** What the demo is waiting for. */
  doing: string;
}

const MAX_COLUMNS = 110;
const NAME_WIDTH = 15;
/** The cap, percent, amounts and state, with the gaps between. */
const FIGURES_WIDTH = 33;

export function panel(state: PanelState, columns: number): Line[] {
  const width = Math.min(columns, MAX_COLUMNS);
  return [
    heading(state, width),
    ...state.rows.flatMap((row) => [[], serviceLine(row, width), budgetLine(row, width)]),
    [],
    LEGEND,
  ];
}

function heading({ elapsedMs, server, doing }: PanelState, width: number): Line {
  const health: Span = server.up ? ['green', '● server up'] : ['red', '○ server away'];
  const left: Line = [['bold', '── spendfuse '], ['dim', '── '], health, ['dim', ` ── ${doing} `]];
  const right = ` ${clock(elapsedMs)} ──`;
  return [...left, ['dim', '─'.repeat(Math.max(1, width - widthOf(left) - right.length)) + right]];
}

function serviceLine({ service, budget, bill, fare, running }: Row, width: number): Line {
  const calls = `${bill.calls} call${bill.calls === 1 ? '' : 's'}`;
  const refused = fare.refused > 0 ? ` · ${fare.refused} refused` : '';
  const left: Line = [
    ['bold', `  ${budget.name.padEnd(NAME_WIDTH)}`],
    ['cyan', running ? '▸ ' : '  '],
    ['plain', service.name],
    ['dim', `: ${service.about}`],
  ];
  const gap = width - widthOf(left) - calls.length - refused.length;
  return [...left, ['plain', ' '.repeat(Math.max(2, gap)) + calls], ['red', refused]];
}

function budgetLine({ budget }: Row, width: number): Line {
  const style = STATE_STYLE[budget.state];
  return [
    ['plain', '  '],
    ...bar(budget, Math.max(10, width - 2 - FIGURES_WIDTH)),
    [style, percent(budget).padStart(7)],
    ['plain', `  ${dollars(budget.spent)} of ${dollars(budget.limit)}`],
    [style, `  ${budget.state}`],
  ];
}

const LEGEND: Line = [
  ['plain', '  █ spent  ▒ reserved for calls in flight  '],
  ['dim', '┊ threshold  '],
  ['red', '┃ cap'],
];

/** `0:07`. */
export function clock(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

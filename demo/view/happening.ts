/** What happens in the demo, and how it is told: one line each, wrapped where the terminal is narrow. */
import type { Alert } from '../api.ts';
import { type Line, type Style, wrap } from './line.ts';
import { dollars } from './money.ts';

export type Happening =
  | { kind: 'alert'; alert: Alert; told: string }
  | { kind: 'refused'; service: string; message: string }
  | { kind: 'done'; service: string; message: string }
  /** A line on a service's stderr. */
  | { kind: 'complaint'; service: string; message: string }
  | { kind: 'server'; up: boolean; message: string }
  | { kind: 'page'; receiver: string; message: string }
  | { kind: 'note'; subject: string; message: string };

interface Telling {
  mark: string;
  style: Style;
  subject: string;
  message: string;
}

const SUBJECT_WIDTH = 15;
const INDENT = 6 + 1 + 2 + SUBJECT_WIDTH + 1;
const NARROWEST = 30;

export function tell(happening: Happening, elapsedMs: number, columns: number): Line[] {
  const { mark, style, subject, message } = telling(happening);
  const [first = '', ...rest] = wrap(message, Math.max(NARROWEST, columns - INDENT));
  const body = style === 'dim' ? 'dim' : 'plain';
  const time = `${(elapsedMs / 1000).toFixed(1)}s`.padStart(6);
  return [
    [
      ['dim', `${time} `],
      [style, `${mark} `],
      ['bold', `${subject.padEnd(SUBJECT_WIDTH)} `],
      [body, first],
    ],
    ...rest.map((text): Line => [[body, ' '.repeat(INDENT) + text]]),
  ];
}

function telling(happening: Happening): Telling {
  switch (happening.kind) {
    case 'alert':
      return tellAlert(happening.alert, happening.told);
    case 'refused':
      return { mark: '✕', style: 'red', subject: happening.service, message: happening.message };
    case 'done':
      return { mark: '·', style: 'plain', subject: happening.service, message: happening.message };
    case 'complaint':
      return { mark: '·', style: 'dim', subject: happening.service, message: happening.message };
    case 'server':
      return happening.up
        ? { mark: '✓', style: 'green', subject: 'server', message: happening.message }
        : { mark: '✕', style: 'red', subject: 'server', message: happening.message };
    case 'page':
      return { mark: '»', style: 'magenta', subject: happening.receiver, message: `page: ${happening.message}` };
    case 'note':
      return { mark: '·', style: 'cyan', subject: happening.subject, message: happening.message };
  }
}

function tellAlert({ kind, budget, threshold = '', severity, limit, spent }: Alert, told: string): Telling {
  if (kind === 'unpriced') {
    return { mark: '▲', style: 'yellow', subject: budget, message: `a model without a price → ${told}` };
  }
  if (kind === 'denied') {
    const message = `hard: ${dollars(spent)} of ${dollars(limit)}, no call fits → ${told}`;
    return { mark: '■', style: 'red', subject: budget, message };
  }
  const share = threshold.replace('%', ' %');
  const message = `${share} of ${dollars(limit)} is spent (${severity}) → ${told}`;
  return { mark: '▲', style: 'yellow', subject: budget, message };
}

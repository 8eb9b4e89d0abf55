import { describe, expect, it } from 'vitest';
import type { Line } from '../../demo/view/line.ts';
import { openScreen } from '../../demo/view/screen.ts';

const line = (text: string): Line => [['red', text]];

function output(tty: { columns: number; rows: number } | undefined) {
  const written: string[] = [];
  return { written, out: { write: (text: string) => written.push(text), isTTY: tty !== undefined, ...tty } };
}

const ESCAPE = '\x1b[';

/** What a terminal shows after these writes, as far as they use what a screen uses: up, and clear to the right or below. */
function shown(written: readonly string[]): string[] {
  const rows: string[] = [''];
  let row = 0;
  let column = 0;
  const [start = '', ...sequences] = written.join('').split(ESCAPE);
  for (const sequence of [`0A${start}`, ...sequences]) {
    const [, count = '', code, text = ''] = /^([?\d]*)([A-Za-z])(.*)$/s.exec(sequence)!;
    if (code === 'A') row -= Number(count);
    if (code === 'K') rows[row] = rows[row]!.slice(0, column);
    if (code === 'J') rows.length = row;
    for (const character of text) {
      if (character === '\r') column = 0;
      else if (character === '\n') [row, column] = [row + 1, 0];
      else column += 1;
      rows[row] ??= '';
      const old = rows[row]!;
      if (column > 0) rows[row] = old.slice(0, column - 1) + character + old.slice(column);
    }
  }
  return rows;
}

describe('a live screen', () => {
  const tty = { columns: 20, rows: 6 };

  it('keeps the panel below what is printed', () => {
    const { out, written } = output(tty);
    const screen = openScreen(out, { NO_COLOR: '1' });
    screen.panel(() => [line('bar 10 %'), line('legend')]);
    screen.print([line('first')]);
    screen.panel(() => [line('bar 20 %'), line('legend')]);
    screen.print([line('second')]);
    expect(shown(written)).toEqual(['first', 'second', 'bar 20 %', 'legend']);
  });

  it('draws each frame in one write, without clearing first', () => {
    const { out, written } = output(tty);
    const screen = openScreen(out, {});
    screen.panel(() => [line('one')]);
    screen.panel(() => [line('two')]);
    expect(written).toHaveLength(2);
    expect(written[1]).not.toContain('\x1b[2J');
    expect(written[1]!.indexOf('\x1b[J')).toBeGreaterThan(written[1]!.indexOf('two'));
  });

  it('never draws more rows or columns than there are', () => {
    const { out, written } = output(tty);
    openScreen(out, { NO_COLOR: '1' }).panel(() => Array.from({ length: 30 }, () => line('x'.repeat(99))));
    expect(shown(written)).toEqual(Array.from({ length: 5 }, () => 'x'.repeat(20)));
  });

  it('gives the cursor back', () => {
    const { out, written } = output(tty);
    const screen = openScreen(out, {});
    screen.panel(() => [line('one')]);
    expect(written.join('')).toContain('\x1b[?25l');
    screen.end();
    screen.end();
    screen.print([line('after')]);
    expect(written.slice(1, -1)).toEqual(['\x1b[?25h']);
    expect(written.at(-1)).not.toContain('\x1b[?25l');
  });

  it('has colours, unless NO_COLOR is set', () => {
    const painted = (variables: Record<string, string>) => {
      const { out, written } = output(tty);
      openScreen(out, variables).panel(() => [line('one')]);
      return written.join('').includes('\x1b[31m');
    };
    expect([painted({}), painted({ NO_COLOR: '' }), painted({ NO_COLOR: '1' })]).toEqual([true, true, false]);
  });
});

describe('anywhere else', () => {
  it.each([
    ['a pipe', undefined, {}],
    ['a terminal that cannot draw', { columns: 80, rows: 24 }, { TERM: 'dumb' }],
  ])('in %s lines come one after the other, without codes', (_name, tty, variables) => {
    const { out, written } = output(tty);
    const screen = openScreen(out, variables);
    screen.panel(() => [line('bar')]);
    screen.print([line('first  '), line('second')]);
    screen.end();
    expect(written.join('')).toBe('first\nsecond\n');
    expect(screen.columns).toBe(Number.POSITIVE_INFINITY);
  });
});

/** Lines as spans of styled text: widths are counted on the text alone, colours come last. */

export type Style = 'plain' | 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan' | 'magenta';
export type Span = readonly [style: Style, text: string];
export type Line = readonly Span[];

/** SGR codes of the 16 colours that every terminal's own theme sets. */
const CODES: Record<Style, readonly [on: string, off: string]> = {
  plain: ['', ''],
  bold: ['\x1b[1m', '\x1b[22m'],
  dim: ['\x1b[90m', '\x1b[39m'],
  green: ['\x1b[32m', '\x1b[39m'],
  yellow: ['\x1b[33m', '\x1b[39m'],
  red: ['\x1b[31m', '\x1b[39m'],
  cyan: ['\x1b[36m', '\x1b[39m'],
  magenta: ['\x1b[35m', '\x1b[39m'],
};

export function textOf(line: Line): string {
  return line.map(([, text]) => text).join('');
}

export function widthOf(line: Line): number {
  return [...textOf(line)].length;
}

/** Cut to the columns of a terminal, so that no line of a panel ever wraps. */
export function clip(line: Line, columns: number): Line {
  let left = columns;
  const fitted: Span[] = [];
  for (const [style, text] of line) {
    const cells = [...text];
    fitted.push([style, cells.slice(0, left).join('')]);
    left -= cells.length;
    if (left <= 0) break;
  }
  return fitted;
}

export function paint(line: Line, color: boolean): string {
  if (!color) return textOf(line);
  return line.map(([style, text]) => (text === '' ? '' : `${CODES[style][0]}${text}${CODES[style][1]}`)).join('');
}

/** Words of a text on lines of at most `width` cells; a longer word gets a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Where lines go: above a panel that is drawn in place at a terminal, or one after the other anywhere else. */
import { clip, type Line, paint } from './line.ts';

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export interface Screen {
  /** Cells of a line; as many as it takes where lines are not drawn. */
  readonly columns: number;
  /** Lines that stay. */
  print(lines: readonly Line[]): void;
  /** Draws the panel, in the place of the last one. */
  panel(make: (columns: number) => readonly Line[]): void;
  /** Leaves the terminal as it was, with the last panel where it is; again it does nothing. */
  end(): void;
}

type Variables = Readonly<Record<string, string | undefined>>;

export function openScreen(out: Output, variables: Variables): Screen {
  const isLive = out.isTTY === true && variables.TERM !== 'dumb';
  return isLive ? new LiveScreen(out, !variables.NO_COLOR) : new PlainScreen(out);
}

class PlainScreen implements Screen {
  readonly columns = Number.POSITIVE_INFINITY;
  readonly #out: Output;

  constructor(out: Output) {
    this.#out = out;
  }

  print(lines: readonly Line[]): void {
    if (lines.length > 0) this.#out.write(`${lines.map((line) => paint(line, false).trimEnd()).join('\n')}\n`);
  }

  panel(): void {}

  end(): void {}
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Terminals that know it show what is between as one frame; others ignore it. */
const FRAME = ['\x1b[?2026h', '\x1b[?2026l'] as const;
const CLEAR_RIGHT = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

class LiveScreen implements Screen {
  readonly #out: Output;
  readonly #color: boolean;
  #make: ((columns: number) => readonly Line[]) | undefined;
  /** Rows that the panel takes now, with the cursor in the row below. */
  #height = 0;
  #hidesCursor = false;

  constructor(out: Output, color: boolean) {
    this.#out = out;
    this.#color = color;
  }

  get columns(): number {
    return this.#out.columns ?? 80;
  }

  print(lines: readonly Line[]): void {
    this.#draw(lines);
  }

  panel(make: (columns: number) => readonly Line[]): void {
    this.#make = make;
    this.#draw([]);
  }

  end(): void {
    this.#make = undefined;
    this.#height = 0;
    if (this.#hidesCursor) this.#out.write(SHOW_CURSOR);
    this.#hidesCursor = false;
  }

  /** One write for each frame, over what was there: nothing is cleared first, so nothing flickers. */
  #draw(above: readonly Line[]): void {
    const made = this.#make?.(this.columns) ?? [];
    const rows = made.slice(0, Math.max(0, (this.#out.rows ?? 24) - 1)).map((line) => clip(line, this.columns));
    const text = [...above, ...rows].map((line) => `${paint(line, this.#color)}${CLEAR_RIGHT}\n`).join('');
    const up = this.#height > 0 ? `\x1b[${this.#height}A` : '';
    this.#height = rows.length;
    this.#hidesCursor ||= this.#make !== undefined;
    const hide = this.#hidesCursor ? HIDE_CURSOR : '';
    this.#out.write(`${FRAME[0]}${hide}\r${up}${text}${CLEAR_BELOW}${FRAME[1]}`);
  }
}

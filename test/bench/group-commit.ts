/** What the disk alone can do: records appended to a file, many of them with one sync. */
import { closeSync, fdatasync, fdatasyncSync, openSync, rmSync, writeSync, writev } from 'node:fs';

/** Appends what came while the last sync ran, syncs, and answers all of it; one group at a time. */
export class Appender {
  readonly #file: number;
  #waiting: { bytes: Buffer; done: () => void }[] = [];
  #busy = false;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  append(bytes: Buffer, done: () => void): void {
    this.#waiting.push({ bytes, done });
    if (this.#busy) return;
    this.#busy = true;
    setImmediate(() => this.#commit());
  }

  #commit(): void {
    const group = this.#waiting;
    this.#waiting = [];
    const bytes = group.map((each) => each.bytes);
    writev(this.#file, bytes, (error) => {
      if (error) throw error;
      fdatasync(this.#file, (failed) => {
        if (failed) throw failed;
        for (const { done } of group) done();
        if (this.#waiting.length > 0) setImmediate(() => this.#commit());
        else this.#busy = false;
      });
    });
  }
}

/** Groups a second where each is one append of so many bytes and one sync, and nothing else is done. */
export function groupsPerSecond(path: string, bytes: number, milliseconds: number): number {
  const file = openSync(path, 'a');
  const group = Buffer.alloc(bytes, 'x');
  const started = performance.now();
  let groups = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    writeSync(file, group);
    fdatasyncSync(file);
    groups += 1;
    elapsed = performance.now() - started;
  }
  closeSync(file);
  rmSync(path);
  return (groups * 1000) / elapsed;
}

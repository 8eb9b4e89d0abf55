/**
 * Streams of which nobody asks for more. Some SDKs (`ai`, ollama) let go of a stream that their caller breaks off, and neither cancel it
 * nor release its reader; where the provider has not ended it, its connection keeps it from being collected, and its hold would
 * stay as long as the process.
 */
import { Bag, type Bagged, NOT_IN_BAG } from '../../src/client/bag.ts';

const LOOK_MS = 60_000;
/** As long as undici waits for a provider between two chunks. Whoever waits for a chunk is asking, however long that takes. */
const LOOKS_TILL_LEFT = 5;

const open = new Bag<Reading>();
let willLook = false;

export class Reading implements Bagged {
  inBag = NOT_IN_BAG;
  readonly #leave: () => void;
  #waiting = 0;
  #asked = false;
  #idleLooks = 0;

  /** `leave` is called once, when nobody has asked for five minutes. It must not hold what the application reads from. */
  constructor(leave: () => void) {
    this.#leave = leave;
    open.add(this);
    if (!willLook) lookLater();
  }

  ask(): void {
    this.#waiting += 1;
    this.#asked = true;
  }

  get(): void {
    this.#waiting -= 1;
  }

  end(): void {
    open.delete(this);
  }

  look(): void {
    this.#idleLooks = this.#waiting > 0 || this.#asked ? 0 : this.#idleLooks + 1;
    this.#asked = false;
    if (this.#idleLooks < LOOKS_TILL_LEFT) return;
    this.end();
    this.#leave();
  }
}

function lookLater(): void {
  willLook = true;
  setTimeout(() => {
    willLook = false;
    for (const reading of open.all()) reading.look();
    if (!open.isEmpty) lookLater();
  }, LOOK_MS).unref();
}

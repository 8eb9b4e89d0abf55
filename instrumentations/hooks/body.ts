/**
 * One answer being read. A response may be cloned, so an answer has one or more views, each read on its own; the first that
 * is read to its end tells what the attempt came to, and the last that is given up settles it from what was seen.
 */
import type { Attempt, Seeing } from '../../src/client/attempt.ts';
import { Bag, type Bagged, NOT_IN_BAG } from '../../src/client/bag.ts';
import { errorTypeOf } from '../../src/client/failure.ts';
import type { End } from '../../src/client/meter.ts';
import type { RequestFacts } from '../formats/format.ts';
import type { Framing } from './framing.ts';
import { Reading } from './idle.ts';
import { parseEvent } from './sse.ts';
import { Tape } from './tape.ts';

/** An attempt, or whatever else has to hear how an answer ended. */
export type Watched = Pick<Attempt, 'format' | 'facts' | 'hidesExtraEvent' | 'answer' | 'noteChunk' | 'end' | 'ended'>;

/** Shared by the views. It must not point to a view, for a view that nobody can read any more ends the attempt. */
export class Answer implements Seeing {
  readonly attempt: Watched;
  readonly streams: boolean;
  /** A sound, say: its size is all that is read of it. */
  readonly isOpaque: boolean;
  /** Of a stream. */
  readonly reading: Reading | undefined;
  readonly #facts: RequestFacts;
  readonly #framing: Framing | undefined;
  #views = 0;
  #first: Tape | undefined;
  #stopListening: (() => void) | undefined;

  /** `framing`: of a stream; undefined for an answer in one piece. */
  constructor(
    attempt: Watched,
    framing: Framing | undefined,
    signal: AbortSignal | undefined,
    header?: (name: string) => string | undefined,
    isOpaque = false,
  ) {
    this.attempt = attempt;
    this.isOpaque = isOpaque;
    this.streams = framing !== undefined;
    this.#framing = framing;
    this.#facts = withHeaders(attempt, header);
    attempt.answer ??= this;
    this.reading = framing && new Reading(() => this.#left());
    if (framing && signal) this.#listen(signal);
  }

  #listen(signal: AbortSignal): void {
    const aborted = (): void => this.#end(this.seen());
    signal.addEventListener('abort', aborted, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', aborted);
  }

  seen(): End {
    return this.#first ? broken(this.#first, 'aborted', 'aborted') : LOST;
  }

  view(): View {
    this.#views += 1;
    const tape = new Tape(this.attempt.format, this.#facts, this.#framing, this.isOpaque);
    const view = new View(this, tape);
    this.#first ??= tape;
    watchOver(view);
    return view;
  }

  whole(body: unknown): void {
    this.#end({ kind: 'answered', facts: this.attempt.format.response(body, this.#facts) });
  }

  finished(tape: Tape): void {
    if (this.attempt.ended) return;
    const facts = tape.facts();
    const isCut = this.#framing?.saysItsEnd && !facts.usage && !facts.finishReasons?.length;
    this.#end(
      isCut ? { kind: 'broken', facts, by: 'error', errorType: facts.error ?? 'cut' } : { kind: 'answered', facts },
    );
  }

  /** A view was given up: by a break or an abort, by the network, or because nobody can read it any more. */
  gone(tape: Tape, by: 'aborted' | 'error', errorType: string): void {
    this.#views -= 1;
    if (this.#views <= 0 && !this.attempt.ended) this.#end(broken(tape, by, errorType));
  }

  #left(): void {
    if (!this.attempt.ended) this.#end(this.#first ? broken(this.#first, 'aborted', 'unread') : LOST);
  }

  #end(end: End): void {
    this.#stopListening?.();
    this.reading?.end();
    this.attempt.end(end);
  }
}

/** What the headers of the answer say goes along with the request, for formats whose bodies say less. */
function withHeaders({ format, facts }: Watched, header?: (name: string) => string | undefined): RequestFacts {
  const answered = header && format.headers?.(header);
  return answered ? { ...facts, answered } : facts;
}

const LOST: End = { kind: 'lost', errorType: 'unread' };

function broken(tape: Tape, by: 'aborted' | 'error', errorType: string): End {
  const facts = tape.empty && errorType === 'unread' ? {} : tape.facts();
  // It said how it ended and what it counted: whoever stopped reading there (at `[DONE]`, say) has read it all.
  if (by === 'aborted' && facts.usage && facts.finishReasons?.length) return { kind: 'answered', facts };
  return { kind: 'broken', facts, by, errorType };
}

/** What a reader of one response tells. */
export class View implements Bagged {
  inBag = NOT_IN_BAG;
  readonly answer: Answer;
  readonly tape: Tape;
  #over = false;
  #comesWhole = false;
  #parsing = false;
  #text: string | undefined;

  constructor(answer: Answer, tape: Tape) {
    this.answer = answer;
    this.tape = tape;
  }

  get over(): boolean {
    return this.#over;
  }

  chunk(bytes: unknown): void {
    if (this.answer.streams) this.answer.attempt.noteChunk();
    this.#take(bytes);
  }

  #take(bytes: unknown): void {
    if (this.#over || this.#comesWhole || !(bytes instanceof Uint8Array)) return;
    this.tape.push(bytes);
    if (this.tape.isOver) this.done();
  }

  done(): void {
    if (!this.#comesWhole && this.#close()) this.answer.finished(this.tape);
  }

  /** It will come in one piece: the chunks of its stream, if that is watched, need not be kept and parsed as well. */
  beginWhole(): void {
    this.#comesWhole = !this.answer.streams;
  }

  get comesWhole(): boolean {
    return this.#comesWhole;
  }

  /** Read in one piece, and parsed already. */
  json(body: unknown): void {
    if (this.#close()) this.answer.whole(body);
  }

  /** Read in one piece. */
  text(body: string): void {
    if (this.#parsing) this.#text = body;
    else this.#parse(body);
  }

  /** Read in one piece, and not looked at. */
  size(bytes: number): void {
    this.#comesWhole = false;
    if (!this.#over) this.tape.pass(bytes);
    this.done();
  }

  #parse(body: string): void {
    if (this.answer.isOpaque) {
      this.size(Buffer.byteLength(body));
      return;
    }
    const parsed = this.answer.streams ? undefined : parseEvent(body);
    if (parsed !== undefined) this.json(parsed);
    else this.bytes(Buffer.from(body));
  }

  /** Whoever reads the text from now on parses it too; `isOfThis` tells then whether this is what was parsed. */
  expectParsed(parsed: Promise<unknown>, isOfThis: () => boolean): void {
    if (this.#over || this.answer.streams) return;
    this.#parsing = true;
    const take = (body?: unknown): void => {
      this.#parsing = false;
      if (this.#text === undefined) return;
      if (typeof body === 'object' && body !== null && isOfThis()) this.json(body);
      else this.#parse(this.#text);
    };
    parsed.then(take, () => take());
  }

  bytes(bytes: Uint8Array): void {
    this.#comesWhole = false;
    this.#take(bytes);
    this.done();
  }

  cancelled(): void {
    if (this.#close()) this.answer.gone(this.tape, 'aborted', 'aborted');
  }

  failed(error: unknown): void {
    const by = error instanceof Error && error.name === 'AbortError' ? 'aborted' : 'error';
    if (this.#close()) this.answer.gone(this.tape, by, by === 'aborted' ? 'aborted' : errorTypeOf(error));
  }

  #close(): boolean {
    if (this.#over) return false;
    this.#over = true;
    if (this.inBag !== NOT_IN_BAG) young.delete(this);
    else unread.unregister(this);
    return true;
  }
}

/**
 * Answers that nobody will read any more. Nothing is drained for them: a stream is settled by what was seen of it, and a
 * body that was never read is lost (its hold stays unresolved), for what it would have said is not known.
 */
const unread = new FinalizationRegistry<{ answer: Answer; tape: Tape }>(({ answer, tape }) => {
  answer.gone(tape, 'aborted', 'unread');
});

/** Most are read by then; to register each at once would cost more than all else that is done for it. */
const YOUNG_MS = 20;
const young = new Bag<View>();
let willLook = false;

function watchOver(view: View): void {
  young.add(view);
  if (willLook) return;
  willLook = true;
  setTimeout(registerYoung, YOUNG_MS).unref();
}

function registerYoung(): void {
  willLook = false;
  for (const view of young.empty()) unread.register(view, { answer: view.answer, tape: view.tape }, view);
}

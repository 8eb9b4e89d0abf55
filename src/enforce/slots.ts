/**
 * Slots as sessions know them: names for (instance, cap), given out with routes. A session may lease only from slots that it
 * was told of, so only where its own attempts count. A slot is retired, and never named again, when its answer changes: then
 * every session that knows it is told to forget the routes over it. A reload retires all of them.
 */
import { hash } from 'node:crypto';
import type { BudgetInstance } from '../domain/budget.ts';
import { isCrossed } from '../domain/evaluate.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { DurationMs } from '../domain/time.ts';

export interface Slot {
  id: string;
  instance: BudgetInstance;
  capNanoUsd: NanoUsd;
}

interface Known extends Slot {
  /** Sessions that were told of it, and when it was last of use to them. */
  sessions: Map<string, DurationMs>;
  /** Accounts of instances without a slot whose crossings change the answer of its routes. */
  watches: Set<string>;
}

/** Of one session, the least recently used first. */
interface Told {
  slots: Map<string, Known>;
  /** What it still has to forget, and in how many answers it is told: one of them may be lost. */
  forget: Map<string, number>;
}

const MOST_PER_SESSION = 4_096;
/** A client asks for a route again long before this. */
export const SLOT_UNUSED_MS: DurationMs = 60_000;
const TELL_TIMES = 3;
const PRUNE_EVERY_MS: DurationMs = 10_000;

export class Slots {
  /** Makes the names of this config, and of this process, unlike all others. */
  #generation = '';
  #count = 0;
  #prunedMs: DurationMs = 0;
  readonly #byId = new Map<string, Known>();
  readonly #byAccount = new Map<string, Map<NanoUsd, Known>>();
  readonly #watchers = new Map<string, Set<Known>>();
  readonly #sessions = new Map<string, Told>();

  constructor(generation: string) {
    this.#generation = digest(generation);
  }

  /** A new config: no name that is out means anything from here on. */
  reset(generation: string): void {
    for (const slot of [...this.#byId.values()]) this.#retire(slot);
    this.#generation = digest(generation);
  }

  /** The slot for a session that is about to hear of it. */
  tell(session: string, instance: BudgetInstance, capNanoUsd: NanoUsd, nowMs: DurationMs): Slot {
    const caps = entry(this.#byAccount, instance.account, () => new Map<NanoUsd, Known>());
    const slot = caps.get(capNanoUsd) ?? this.#open(caps, instance, capNanoUsd);
    this.#use(session, slot, nowMs);
    return slot;
  }

  /** Routes over the slot end when the instance, which has no slot of its own, begins to downgrade. */
  watch({ id }: Slot, { account }: BudgetInstance): void {
    const slot = this.#byId.get(id)!;
    slot.watches.add(account);
    entry(this.#watchers, account, () => new Set<Known>()).add(slot);
  }

  /** Undefined, and told so, when the session was not told of it or it means nothing any more. */
  find(session: string, id: string, nowMs: DurationMs): Slot | undefined {
    const slot = this.#sessions.get(session)?.slots.get(id);
    if (slot) this.#use(session, slot, nowMs);
    else this.#toldOf(session).forget.set(id, TELL_TIMES);
    return slot;
  }

  /** What is spent of an instance has changed. */
  spent(instance: BudgetInstance, before: NanoUsd, after: NanoUsd): void {
    if (instance.shadow) return;
    const crossed = instance.thresholds.filter(
      ({ atBasisPoints: share }) => isCrossed(instance, share, after) && !isCrossed(instance, share, before),
    );
    if (crossed.length === 0) return;
    for (const slot of [...(this.#byAccount.get(instance.account)?.values() ?? [])]) this.#retire(slot);
    if (!crossed.some(({ action }) => action === 'downgrade')) return;
    for (const slot of [...(this.#watchers.get(instance.account) ?? [])]) this.#retire(slot);
  }

  /** What the session has to forget; told a few times. */
  forgets(session: string): string[] {
    const forget = this.#sessions.get(session)?.forget;
    if (!forget) return [];
    const ids = [...forget.keys()];
    for (const [id, times] of forget) {
      if (times > 1) forget.set(id, times - 1);
      else forget.delete(id);
    }
    return ids;
  }

  end(session: string): void {
    for (const slot of this.#sessions.get(session)?.slots.values() ?? []) this.#leave(session, slot);
    this.#sessions.delete(session);
  }

  /** Forgets what no session has used for long. */
  prune(nowMs: DurationMs): void {
    if (nowMs < this.#prunedMs + PRUNE_EVERY_MS) return;
    this.#prunedMs = nowMs;
    for (const [session, { slots }] of this.#sessions) {
      for (const slot of slots.values()) {
        if (nowMs - slot.sessions.get(session)! < SLOT_UNUSED_MS) break;
        slots.delete(slot.id);
        this.#leave(session, slot);
      }
    }
  }

  #open(caps: Map<NanoUsd, Known>, instance: BudgetInstance, capNanoUsd: NanoUsd): Known {
    this.#count += 1;
    const id = `${this.#generation}.${this.#count.toString(36)}`;
    const slot: Known = { id, instance, capNanoUsd, sessions: new Map(), watches: new Set() };
    caps.set(capNanoUsd, slot);
    this.#byId.set(id, slot);
    return slot;
  }

  #use(session: string, slot: Known, nowMs: DurationMs): void {
    const { slots, forget } = this.#toldOf(session);
    slot.sessions.set(session, nowMs);
    slots.delete(slot.id);
    slots.set(slot.id, slot);
    if (slots.size <= MOST_PER_SESSION) return;
    const [oldest] = slots.values();
    slots.delete(oldest!.id);
    forget.set(oldest!.id, TELL_TIMES);
    this.#leave(session, oldest!);
  }

  #toldOf(session: string): Told {
    return entry(this.#sessions, session, () => ({ slots: new Map(), forget: new Map() }));
  }

  #retire(slot: Known): void {
    for (const session of slot.sessions.keys()) {
      const { slots, forget } = this.#toldOf(session);
      slots.delete(slot.id);
      forget.set(slot.id, TELL_TIMES);
    }
    this.#drop(slot);
  }

  #leave(session: string, slot: Known): void {
    slot.sessions.delete(session);
    if (slot.sessions.size === 0) this.#drop(slot);
  }

  #drop(slot: Known): void {
    this.#byId.delete(slot.id);
    for (const account of slot.watches) remove(this.#watchers, account, slot);
    const caps = this.#byAccount.get(slot.instance.account);
    caps?.delete(slot.capNanoUsd);
    if (caps?.size === 0) this.#byAccount.delete(slot.instance.account);
  }
}

function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 10);
}

function entry<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}

function remove<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key);
  values?.delete(value);
  if (values?.size === 0) map.delete(key);
}

/**
 * Batches: the whole is held when it is created, and each of its requests is settled when its result is read, which may be in another
 * process. So a result's id follows from the batch and the caller's own name for it: however often and by whomever it is read, it
 * is booked once, for whom the batch was created where this process knows. Where the process that created a batch reads all
 * results, it lets go of what it held; elsewhere the hold stays unresolved, until an operator closes it.
 */
import { createHash } from 'node:crypto';
import type { BatchResult } from '../../instrumentations/formats/format.ts';
import type { Attribution } from '../domain/attribution.ts';
import type { Client } from './call.ts';
import type { Journal } from './journal.ts';
import { type Asked, type Settled, settlementOf } from './settlement.ts';

/** The attempt that created a batch. */
export interface Created extends Pick<Settled, 'asked' | 'model' | 'held' | 'draws' | 'admittedMs' | 'ids'> {
  /** Nothing is held for it. */
  isOver: boolean;
}

/** More than a process has under way at a time. */
const MAX_CREATED = 1_000;
const created = new WeakMap<Journal, Map<string, Created>>();

export function noteCreated(journal: Journal, batch: string, by: Created): void {
  const known = created.get(journal) ?? new Map<string, Created>();
  created.set(journal, known);
  known.set(batch, by);
  if (known.size > MAX_CREATED) known.delete(known.keys().next().value as string);
}

export interface Read {
  /** '': each result names its own. */
  batch: string;
  provider: string;
  /** Of whoever reads, where nobody here created it. */
  attribution: Attribution;
  results: readonly BatchResult[];
  /** The file was read to its end. */
  isWhole: boolean;
}

export function settleResults({ journal, session }: Client, read: Read, nowMs: number): void {
  const known = created.get(journal);
  for (const { batch = read.batch, id, atMs, model, responseId, measured, usage } of read.results) {
    const by = known?.get(batch);
    const asked: Asked = {
      attemptId: idOf(batch, id),
      callId: by?.asked.callId ?? idOf(batch, ''),
      session: by?.asked.session ?? session.id,
      provider: by?.asked.provider ?? read.provider,
      model,
      bound: { inputTokens: 0, outputTokens: 0 },
      attribution: by?.asked.attribution ?? read.attribution,
    };
    const facts = { model, ...(responseId !== undefined && { responseId }) };
    const metered = { end: 'settled', status: 'ok', measured, usage, facts } as const;
    const admittedMs = by?.admittedMs ?? atMs ?? nowMs;
    journal.add(settlementOf({ asked, metered, model, held: false, draws: undefined, admittedMs, ids: undefined }));
  }
  const by = known?.get(read.batch);
  if (by && !by.isOver && read.isWhole) letGo(journal, read.batch, by);
}

/** All of it is booked by its results. */
function letGo(journal: Journal, batch: string, by: Created): void {
  created.get(journal)?.delete(batch);
  const usage = { inputTokens: 0, outputTokens: 0, batch: true };
  const metered = { end: 'settled', status: 'ok', measured: true, usage, facts: { responseId: batch } } as const;
  journal.add(settlementOf({ ...by, metered }));
}

function idOf(batch: string, id: string): string {
  return `batch-${createHash('sha256').update(`${batch}\0${id}`).digest('hex').slice(0, 32)}`;
}

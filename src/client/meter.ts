/** How an attempt can end, as a hook sees it, and what that means for money. */
import type { ResponseFacts } from '../../instrumentations/formats/format.ts';
import type { Usage } from '../domain/usage.ts';
import type { SettlementRequest } from '../protocol/wire.ts';

/**
 * - `answered`: the whole answer was seen
 * - `broken`: it was cut, by the application (`aborted`) or by the network (`error`), after output may have begun
 * - `rejected`: the provider refused it before output, which is free
 * - `unsent`: it never left the process
 * - `lost`: it was sent, and nobody will ever know what came of it
 */
export type End =
  | { kind: 'answered'; facts: ResponseFacts }
  | { kind: 'broken'; facts: ResponseFacts; by: 'aborted' | 'error'; errorType: string }
  | { kind: 'rejected'; httpStatus: number }
  | { kind: 'unsent' }
  | { kind: 'lost'; errorType: string };

export interface Metered {
  end: SettlementRequest['end'];
  status: SettlementRequest['status'];
  measured: boolean;
  usage: Usage;
  facts?: ResponseFacts;
  errorType?: string;
}

const NOTHING: Usage = { inputTokens: 0, outputTokens: 0 };

export function meter(end: End): Metered {
  switch (end.kind) {
    case 'answered':
      return meterAnswer(end.facts);
    case 'broken':
      return meterBroken(end);
    case 'rejected':
      return { end: 'released', status: 'rejected', measured: true, usage: NOTHING, errorType: String(end.httpStatus) };
    case 'unsent':
      return { end: 'released', status: 'aborted', measured: true, usage: NOTHING, errorType: 'aborted' };
    case 'lost':
      return { end: 'lost', status: 'error', measured: false, usage: NOTHING, errorType: end.errorType };
  }
}

function meterAnswer(facts: ResponseFacts): Metered {
  const failed = facts.error === undefined ? undefined : { errorType: facts.error };
  const status = failed ? 'error' : 'ok';
  if (facts.isFree) return { end: 'released', status, measured: true, usage: NOTHING, facts, ...failed };
  // Its hold stays until it is known.
  if (facts.later) return { end: 'lost', status, measured: false, usage: NOTHING, facts, ...failed };
  if (facts.usage) return { end: 'settled', status, measured: true, usage: facts.usage, facts, ...failed };
  if (facts.estimate) return { end: 'settled', status, measured: false, usage: facts.estimate, facts, ...failed };
  return { end: 'lost', status: 'error', measured: false, usage: NOTHING, facts, errorType: facts.error ?? 'no_usage' };
}

/** A break after the last thing that the provider had to say is no break; before it, its counts are not final. */
function meterBroken({ facts, by, errorType }: End & { kind: 'broken' }): Metered {
  if (facts.usage && (facts.finishReasons?.length || facts.evidence?.gatewayCached)) return meterAnswer(facts);
  const usage = facts.estimate ?? facts.usage;
  if (usage) return { end: 'settled', status: by, measured: false, usage, facts, errorType };
  return { end: 'lost', status: by, measured: false, usage: NOTHING, facts, errorType };
}

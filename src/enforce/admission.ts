/**
 * The decision before a call: who asks, what the attempt may cost and whom it counts for (`plan`), then the ledger, which
 * grants all of its demands or none (`attempt`).
 */
import { MAX_NANO_USD } from '../domain/money.ts';
import { boundProblem } from '../pricing/bound.ts';
import { boundFromWire } from '../protocol/usage.ts';
import type { ReservationRequest } from '../protocol/wire.ts';
import { Attempt } from './attempt.ts';
import { unmatchedDenial } from './denial.ts';
import type { Decided, Patience, Principal, Refusal } from './enforcer.ts';
import { identify } from './identify.ts';
import { isRefusal, refuse, unknownSession } from './refusal.ts';
import { assertReady, type Room } from './room.ts';
import { releaseAll } from './settlements.ts';

export async function reserve(
  room: Room,
  request: ReservationRequest,
  principal: Principal,
  patience: Patience,
): Promise<Decided | Refusal> {
  const startedMs = room.clocks.monotonicMs();
  assertReady(room);
  const attribution = whoAsks(room, request, principal);
  if (isRefusal(attribution)) return attribution;
  const bound = boundFromWire(request.bound);
  const problem = boundProblem(bound);
  if (problem) return refuse(422, 'absurd-bound', problem);
  const attempt = new Attempt(room, request, { attribution, bound }, principal);
  if (attempt.plan.amountNanoUsd >= MAX_NANO_USD) {
    return refuse(422, 'absurd-bound', 'the bound of this attempt is worth more than an account may hold');
  }
  const isDenied = attempt.plan.instances.length === 0 && room.policy.config.unmatched === 'deny';
  const decided = isDenied ? { denied: unmatchedDenial() } : await admitUnlessGivenUp(room, attempt, request, patience);
  if (!isRefusal(decided)) tell(room, attempt, decided, startedMs);
  return decided;
}

/**
 * A client that got no answer in time says that it gave up, on another connection; a busy server may read that first. What
 * it holds then would have no owner, though its session lives.
 */
async function admitUnlessGivenUp(
  room: Room,
  attempt: Attempt,
  { attempt_id }: ReservationRequest,
  patience: Patience,
): Promise<Decided | Refusal> {
  const { asking } = room;
  const gaveUp = () => refuse(409, 'attempt-conflict', `attempt "${attempt_id}" was given up; use a new attempt_id`);
  if (asking.isGivenUp(attempt_id)) return gaveUp();
  const decided = await attempt.admit(patience);
  if (!('granted' in decided) || !asking.isGivenUp(attempt_id)) return decided;
  // Where this fails, it is given up with its session, or after `max_call_duration`.
  await releaseAll(room, [attempt_id]).catch(() => {});
  return gaveUp();
}

function whoAsks(room: Room, request: ReservationRequest, principal: Principal) {
  const session = room.sessions.live(request.session);
  if (!session) return unknownSession(request.session);
  if (session.principal !== principal.name) {
    return refuse(403, 'foreign-session', `session "${request.session}" belongs to another token`);
  }
  // Who asks, lives, whatever became of its heartbeats.
  session.lastHeardMs = room.clocks.monotonicMs();
  const { provider, model } = request;
  const said = { ...session.said, ...request.attribution, provider, model };
  return identify(room.policy.config, said, principal.token);
}

function tell(room: Room, attempt: Attempt, decided: Decided, startedMs: number): void {
  const denial = 'denied' in decided ? decided.denied : undefined;
  room.emit({
    kind: 'decision',
    decision: denial?.action ?? attempt.plan.decision,
    reason: denial?.code ?? 'fits',
    attribution: attempt.plan.attribution,
    durationSeconds: (room.clocks.monotonicMs() - startedMs) / 1000,
    ...(denial && { denial }),
  });
}

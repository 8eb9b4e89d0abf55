/** A small world for the enforce room: a config as text, a memory ledger, clocks that a test moves, one session. */

import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createEnforcer } from '../../src/enforce/create.ts';
import type { Enforcer, Happening, Principal } from '../../src/enforce/enforcer.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import type { ReservationRequest, SettlementBody, SettlementRequest } from '../../src/protocol/wire.ts';

export const START = Date.parse('2026-11-10T12:00:00Z');
export const NOBODY: Principal = { name: 'anonymous' };

/** Prices in round numbers: a contract of $1 a million input tokens and $1 a million output tokens. */
const ROUND = 'prices: [{ provider: openai, model: "round*", input: 1, output: 1 }]\nowners: { team: {} }\n';

export function configOf(yaml: string): Config {
  const loaded = loadConfig({ path: 'budgets.yaml', readFile: () => ROUND + yaml, listFiles: () => undefined });
  if (!loaded.ok) throw new Error(loaded.findings.map(({ message }) => message).join('\n'));
  return loaded.config;
}

export interface World {
  enforcer: Enforcer & { sweep(): Promise<void> };
  ledger: Ledger;
  happenings: Happening[];
  /** Time passes on both clocks. */
  pass(ms: number): void;
  /** The wall clock alone is stepped. */
  step(ms: number): void;
  /** A new enforcer on the same ledger and clocks, as after a restart. */
  restart(yaml?: string): Promise<World>;
}

export async function worldOf(
  yaml: string,
  ledger: Ledger = createMemoryLedger(),
  time = clocksAt(START),
): Promise<World> {
  const happenings: Happening[] = [];
  const enforcer = await createEnforcer({ config: configOf(yaml), ledger, clocks: time.clocks, sweepEveryMs: 0 });
  enforcer.on((happening) => happenings.push(happening));
  await enforcer.openSession({ session: 's1', attribution: { service: 'api' } }, NOBODY);
  return {
    enforcer,
    ledger,
    happenings,
    pass: time.pass,
    step: time.step,
    restart: (changed = yaml) => worldOf(changed, ledger, time),
  };
}

function clocksAt(start: number) {
  const now = { wall: start, run: 0 };
  return {
    clocks: { wall: () => now.wall, monotonicMs: () => now.run },
    pass(ms: number) {
      now.wall += ms;
      now.run += ms;
    },
    step(ms: number) {
      now.wall += ms;
    },
  };
}

let count = 0;

/** An attempt whose worst case is `tokens` millionths of a dollar, all of it output. */
export function attempt(tokens: number, more: Partial<ReservationRequest> = {}): ReservationRequest {
  count += 1;
  return {
    attempt_id: `attempt-${count}`,
    call_id: `call-${count}`,
    session: 's1',
    provider: 'openai',
    model: 'round',
    bound: { input_tokens: 0, output_tokens: tokens },
    attribution: {},
    ...more,
  };
}

export function used(tokens: number, more: Partial<SettlementBody> = {}): SettlementBody {
  return { usage: { input_tokens: 0, output_tokens: tokens }, measured: true, status: 'ok', ...more };
}

export function ended(
  request: ReservationRequest,
  end: SettlementRequest['end'],
  body: SettlementBody = used(0),
): SettlementRequest {
  const { bound, ...rest } = request;
  return { ...rest, bound, ...body, end, admitted_at: new Date(START).toISOString() };
}

/** Reports ends of attempts as a journal does; the outcomes, in order. */
export async function report(world: World, settlements: readonly SettlementRequest[], principal = NOBODY) {
  const { results } = await world.enforcer.settleMany({ settlements: [...settlements] }, principal);
  return results;
}

const PATIENT = { signal: new AbortController().signal, onWait: () => {} };

/** `allow`, `downgrade`, …, or the code of the denial, or the status of the refusal. */
export async function ask(world: World, request: ReservationRequest, principal = NOBODY): Promise<string> {
  const answer = await world.enforcer.reserve(request, principal, PATIENT);
  if ('refused' in answer) return `${answer.refused.status} ${answer.refused.kind}`;
  return 'denied' in answer ? answer.denied.code : answer.granted.decision;
}

/** Reserves and settles a call of exactly this cost in millionths of a dollar. */
export async function spend(world: World, tokens: number, more: Partial<ReservationRequest> = {}): Promise<void> {
  const request = attempt(tokens, more);
  const answer = await ask(world, request);
  if (answer !== 'allow' && answer !== 'warn') throw new Error(`expected to spend ${tokens}, got ${answer}`);
  await world.enforcer.settle(request.attempt_id, used(tokens), NOBODY);
}

/** Spent, reserved and unresolved of a budget's instances, in millionths of a dollar, and their states. */
export async function standing(world: World, budget: string): Promise<string[]> {
  const views = (await world.enforcer.budgets()).filter(({ instance }) => instance.budget.name === budget);
  return views.map(({ instance, spentNanoUsd, reservedNanoUsd, unresolvedNanoUsd, state }) => {
    const amounts = [spentNanoUsd, reservedNanoUsd, unresolvedNanoUsd].map((amount) => amount / 1_000n);
    return `${instance.key} ${amounts.join('/')} ${state}`;
  });
}

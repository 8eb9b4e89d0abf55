/** What the server's session and heartbeat replies say, checked: the client acts on them, so it does not trust them blindly. */
import type { WhenUnreachable } from '../domain/budget.ts';
import { type NanoUsd, parseNanoUsd } from '../domain/money.ts';
import type { DurationMs } from '../domain/time.ts';
import type { WireRateCard } from '../protocol/wire.ts';

export interface Rules {
  version: string;
  /** Whether calls have to be admitted by the server, or are only settled. */
  admission: 'server' | 'none';
  whenUnreachable: WhenUnreachable;
  unreachableAllowanceNanoUsd: NanoUsd;
  maxWaitMs: DurationMs;
}

type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined when it is no valid reply. */
export function readRules(value: unknown): Rules | undefined {
  if (!isObject(value)) return undefined;
  const { version, admission, when_unreachable: when, unreachable_allowance: allowance, max_wait_ms: wait } = value;
  if (typeof version !== 'string' || typeof allowance !== 'string' || typeof wait !== 'number') return undefined;
  if (admission !== 'server' && admission !== 'none') return undefined;
  if (when !== 'allow' && when !== 'block') return undefined;
  const unreachableAllowanceNanoUsd = amount(allowance);
  if (unreachableAllowanceNanoUsd === undefined) return undefined;
  return { version, admission, whenUnreachable: when, unreachableAllowanceNanoUsd, maxWaitMs: wait };
}

export function amount(value: unknown): NanoUsd | undefined {
  try {
    return typeof value === 'string' ? parseNanoUsd(value) : undefined;
  } catch {
    return undefined;
  }
}

export function readRateCards(value: unknown): WireRateCard[] {
  if (!Array.isArray(value)) return [];
  return value.filter((card) => isObject(card) && typeof card.provider === 'string' && typeof card.model === 'string');
}

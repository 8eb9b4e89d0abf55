import type { NanoUsd } from './money.ts';
import type { EpochMs } from './time.ts';

/**
 * A hold is money set aside for one attempt. Its life:
 *
 *   held ──settle──▶ settled            the provider answered; the true (or estimated) cost was posted
 *     ├──release──▶ released            it was never sent, or rejected before output: $0
 *     │                └─settle──▶ released       a late settlement says otherwise: booked as overage
 *     └──lost─────▶ unresolved          sent and never answered, or its session fell silent
 *                      ├─settle──▶ settled      the late settlement came after all
 *                      └─close───▶ written_off  an operator closed it, with a reason
 *                                      └─settle──▶ written_off  a late settlement: booked as overage
 *
 * Each hold ends once. A settlement may exceed its hold: the provider has charged already, so it cannot be refused. Nor can
 * one that comes when the hold has been given back: nothing is set aside for it any more, so its whole cost is overage.
 */
export type HoldState =
  | { state: 'held'; expiresAt: EpochMs }
  | { state: 'unresolved'; since: EpochMs; reason: string }
  | { state: 'settled'; costNanoUsd: NanoUsd; estimated: boolean }
  | { state: 'released'; at: EpochMs }
  | { state: 'written_off'; at: EpochMs; by: string; reason: string };

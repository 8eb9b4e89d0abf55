/** The gateway that an answer came through, if any: from here on it is read with what the gateway says besides. */
import type { Attempt } from '../../src/client/attempt.ts';
import { type GatewayName, gatewayBy, type HeaderOf, hear, through } from '../gateways.ts';

/** A provider's own host has no gate, so that nothing is looked for in its answers. */
export function hearGateway(attempt: Partial<Attempt>, header: HeaderOf): void {
  const { gate, format } = attempt;
  if (!gate || !format || (gate.name === undefined && gate.asks === 0)) return;
  if (gate.name === undefined) {
    gate.asks -= 1;
    gate.name = gatewayBy(header);
  }
  if (gate.name !== undefined) attempt.readBy?.(through(format, hear(gate.name as GatewayName, header)));
}

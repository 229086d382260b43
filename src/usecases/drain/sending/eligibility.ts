/** Which endpoints may be tried, and when: by their health, their limits, and the attempts in flight. */
import { allowedConcurrency, isInRun } from '../../../endpoint/health.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Gate } from './gate.js';
import type { LargePayloads } from './places/large-payloads.js';
import type { Shares } from './places/shares.js';
import type { WantedDeliveries } from './wanted.js';

export interface Eligibility {
  /** Whether a delivery of the endpoint may be claimed now. */
  mayTry(endpoint: string): boolean;
  /** Whether the endpoint may have another attempt in flight, once it may be tried. */
  hasRoom(endpoint: string): boolean;
  /** Time until the endpoint may be tried, in ms; Infinity if that is too long to wait for. */
  opensInMs(endpoint: string): number;
  /** Whether an event can be sent without a queue: the endpoint works, and has neither a rate nor a strict order. */
  canSendNow(endpoint: string): boolean;
}

export interface EligibilityOptions {
  routing: Routing;
  cooldowns: Cooldowns;
  gate: Gate;
  shares: Shares;
  payloads: LargePayloads;
  wanted: WantedDeliveries;
  isPass: boolean;
}

/** Maximum wait of a pass for an endpoint's rate, in ms; the next pass continues. */
const passPatienceMs = 2_000;

/** Time that a pass spends on an endpoint that rejects each delivery, in ms; the next pass continues. */
const runPatienceMs = 30_000;

/** Makes the eligibility of the endpoints of a lease. */
export function createEligibility(
  { lease, clock }: DrainPorts,
  { routing, cooldowns, gate, shares, payloads, wanted, isPass }: EligibilityOptions,
): Eligibility {
  const beganAt = clock.monotonic();

  function hasRoom(id: string, health = lease.health(id)): boolean {
    return shares.at(id) < allowedConcurrency(health, routing.settingsOf(id));
  }

  /** An endpoint without registration is tried although it is parked: its deliveries decide what becomes of them. */
  function isUnregistered(id: string): boolean {
    if (routing.isRegistered(id) || shares.at(id) > 0 || cooldowns.isCoolingDown(id)) return false;
    return !wanted.has(id);
  }

  return {
    hasRoom: (id) => hasRoom(id),
    mayTry(id) {
      if (payloads.isWaiting(id)) return false;
      const health = lease.health(id);
      if (gate.closedMs(id, health) > 0) return isUnregistered(id);
      return hasRoom(id, health) && gate.pacedMs(id, health) === 0;
    },
    opensInMs(id) {
      const [closedMs, pacedMs] = [gate.closedMs(id), gate.pacedMs(id)];
      if (!isPass) return Math.max(closedMs, pacedMs);
      const isOver = clock.monotonic() - beganAt > runPatienceMs && isInRun(lease.health(id));
      return closedMs === 0 && !isOver && pacedMs <= passPatienceMs ? pacedMs : Infinity;
    },
    canSendNow(id) {
      const { rate, order } = routing.settingsOf(id);
      return (
        routing.isRegistered(id) &&
        lease.health(id).failures === undefined &&
        rate === undefined &&
        order !== 'strict' && // after a failure it would be queued behind later events
        gate.closedMs(id) <= 0 &&
        gate.pacedMs(id) <= 0
      );
    },
  };
}

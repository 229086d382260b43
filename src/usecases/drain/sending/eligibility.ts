/** Which endpoints may be tried, and when: by their health, their limits, and the attempts in flight. */
import { allowedConcurrency, type Health, isInRun } from '../../../endpoint/health.js';
import type { DrainPorts } from '../ports.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { EndpointRecord, EndpointRecords } from './endpoint-records.js';
import type { Gate } from './gate.js';
import type { LargePayloads } from './places/large-payloads.js';

/** When an endpoint may be tried. */
export interface Opening {
  /** In how many ms; Infinity for never. */
  ms: number;
  /** Whether only its rate, or a short pause after rejections, is waited for. */
  isPaced: boolean;
}

export interface Eligibility {
  /** Whether a delivery of the endpoint may be claimed now. */
  mayTry(endpoint: EndpointRecord): boolean;
  opening(endpoint: EndpointRecord): Opening;
  /** Whether an event can be sent without a queue: the endpoint works, and has neither a rate nor a strict order. */
  canSendNow(id: string): boolean;
}

export interface EligibilityOptions {
  records: EndpointRecords;
  cooldowns: Cooldowns;
  gate: Gate;
  payloads: LargePayloads;
  isPass: boolean;
}

/** Maximum wait for an endpoint's rate without releasing the endpoint, in ms; in a pass the next pass continues. */
const patienceMs = 2_000;

/** Time that a pass spends on an endpoint that rejects each delivery, in ms; the next pass continues. */
const runPatienceMs = 30_000;

/** Makes the eligibility of the endpoints of a drain. */
export function createEligibility(
  { side, clock }: DrainPorts,
  { records, cooldowns, gate, payloads, isPass }: EligibilityOptions,
): Eligibility {
  const beganAt = clock.monotonic();

  /** Also before it is acquired, or after it was released. */
  function healthOf({ id, owned }: EndpointRecord): Health {
    return owned === undefined ? side.byId.health(id) : owned.health();
  }

  /** An endpoint without registration is tried although it is parked: its deliveries decide what becomes of them. */
  function isUnregistered({ id, isRegistered, isWanted, places }: EndpointRecord): boolean {
    return !isRegistered && !isWanted && places === 0 && !cooldowns.isCoolingDown(id);
  }

  return {
    mayTry(endpoint) {
      if (payloads.isWaiting(endpoint.id)) return false;
      const health = healthOf(endpoint);
      if (gate.closedMs(endpoint, health) > 0) return isUnregistered(endpoint);
      return (
        endpoint.places < allowedConcurrency(health, endpoint.settings) &&
        gate.pacedMs(endpoint, health) === 0
      );
    },
    opening(endpoint) {
      const health = healthOf(endpoint);
      const [closedMs, pacedMs] = [gate.closedMs(endpoint, health), gate.pacedMs(endpoint, health)];
      const isOver = isPass && clock.monotonic() - beganAt > runPatienceMs && isInRun(health);
      const isPaced = closedMs <= 0 && pacedMs > 0 && pacedMs <= patienceMs && !isOver;
      return { ms: Math.max(closedMs, pacedMs), isPaced };
    },
    canSendNow(id) {
      const endpoint = records.of(id);
      const { rate, order } = endpoint.settings;
      if (!endpoint.isRegistered || rate !== undefined) return false;
      if (order === 'strict') return false; // after a failure it would be queued behind later events
      const health = healthOf(endpoint);
      return (
        health.failures === undefined &&
        gate.closedMs(endpoint, health) <= 0 &&
        gate.pacedMs(endpoint, health) <= 0
      );
    },
  };
}

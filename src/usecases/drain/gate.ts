/** When an endpoint may be tried: its health, its rate, and what this drain knows of it. */
import type { Endpoint } from '../../endpoint/endpoint.js';
import { parkedUntil, runPauseMs } from '../../endpoint/health.js';
import { paceAfter, waitForPace } from '../../endpoint/pace.js';
import { momentOf } from '../../shared/clock.js';
import type { DrainPorts } from './ports.js';
import type { Resting } from './resting.js';
import type { Routing } from './routing.js';

export interface Gate {
  /** For how long it is parked or rests, in ms; Infinity if it is paused. */
  closedMs(endpoint: string): number;
  /** For how long it has been sent to as fast as its rate, or a run of rejections, allows, in ms. */
  pacedMs(endpoint: string): number;
  /** An attempt begins. */
  started(endpoint: Endpoint): Promise<void>;
}

export interface GateOptions {
  routing: Routing;
  resting: Resting;
}

/** Endpoints as their saved health has them. */
export function createGate({ lease, clock }: DrainPorts, { routing, resting }: GateOptions): Gate {
  return {
    closedMs(id) {
      const health = lease.health(id);
      if (health.paused !== undefined) return Infinity;
      const left = health.failures
        ? parkedUntil(health, momentOf(clock), routing.settingsOf(id)) - clock.now()
        : 0;
      return Math.max(left, resting.leftMs(id));
    },
    pacedMs(id) {
      const { rate } = routing.settingsOf(id);
      const health = lease.health(id);
      const pauseMs = runPauseMs(health, clock.now());
      return rate === undefined ? pauseMs : Math.max(pauseMs, waitForPace(health.pace, rate, clock.now()));
    },
    async started({ id, rate }) {
      if (rate === undefined) return;
      const health = lease.health(id);
      await lease.saveHealth(id, { ...health, pace: paceAfter(health.pace, rate, clock.now()) });
    },
  };
}

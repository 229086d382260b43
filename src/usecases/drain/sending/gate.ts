/** When an endpoint may be tried: its health, its rate, and what this drain knows of it. */
import type { Rate } from '../../../endpoint/endpoint.js';
import type { Health } from '../../../endpoint/health.js';
import { earlyAt, parkedUntil, pausedMs, runPauseMs } from '../../../endpoint/health.js';
import { paceAfter, waitForPace } from '../../../endpoint/pace.js';
import { momentOf } from '../../../shared/clock.js';
import type { OwnedEndpoint } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { EndpointRecord } from './endpoint-records.js';

export interface Gate {
  /** For how long it is parked or cools down, in ms; Infinity if it is paused. */
  closedMs(endpoint: EndpointRecord, health: Health): number;
  /** Whether an attempt now comes before the time that its schedule has. */
  isEarly(endpoint: EndpointRecord, health: Health): boolean;
  /** For how long it has been sent to as fast as its rate, or a run of rejections, allows, in ms. */
  pacedMs(endpoint: EndpointRecord, health: Health): number;
  /** An attempt begins to an endpoint that has a rate. */
  started(owned: OwnedEndpoint, rate: Rate): Promise<void>;
}

export interface GateOptions {
  cooldowns: Cooldowns;
  /** Interval at which a drain with a deadline tries a parked endpoint, in ms, whatever its schedule says. Default: none. */
  tryEveryMs?: number | undefined;
}

/** Endpoints as their saved health has them. */
export function createGate({ clock }: DrainPorts, { cooldowns, tryEveryMs }: GateOptions): Gate {
  /** For how long its schedule has it wait, in ms. */
  function scheduledMs({ settings }: EndpointRecord, health: Health): number {
    if (!health.failures) return 0;
    return parkedUntil(health, momentOf(clock), settings) - clock.now();
  }

  function parkedMs(endpoint: EndpointRecord, health: Health): number {
    const scheduled = scheduledMs(endpoint, health);
    if (tryEveryMs === undefined || scheduled <= 0) return scheduled;
    const early = earlyAt(health, momentOf(clock), { everyMs: tryEveryMs }) - clock.now();
    return Math.min(scheduled, early);
  }

  return {
    closedMs(endpoint, health) {
      const paused = pausedMs(health, clock.now());
      if (paused === Infinity) return Infinity;
      return Math.max(paused, parkedMs(endpoint, health), cooldowns.leftMs(endpoint.id));
    },
    isEarly: (endpoint, health) => tryEveryMs !== undefined && scheduledMs(endpoint, health) > 0,
    pacedMs({ settings: { rate } }, health) {
      const pauseMs = runPauseMs(health, clock.now());
      return rate === undefined ? pauseMs : Math.max(pauseMs, waitForPace(health.pace, rate, clock.now()));
    },
    async started(owned, rate) {
      const health = owned.health();
      await owned.saveHealth({ ...health, pace: paceAfter(health.pace, rate, clock.now()) });
    },
  };
}

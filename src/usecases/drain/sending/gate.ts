/** When an endpoint may be tried: its health, its rate, and what this drain knows of it. */
import type { Endpoint } from '../../../endpoint/endpoint.js';
import type { Health } from '../../../endpoint/health.js';
import { earlyAt, parkedUntil, pausedMs, runPauseMs } from '../../../endpoint/health.js';
import { paceAfter, waitForPace } from '../../../endpoint/pace.js';
import { momentOf } from '../../../shared/clock.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';

export interface Gate {
  /** For how long it is parked or rests, in ms; Infinity if it is paused. @param health default: read from the lease */
  closedMs(endpoint: string, health?: Health): number;
  /** Whether an attempt now comes before the time that its schedule has. */
  isEarly(endpoint: string): boolean;
  /** For how long it has been sent to as fast as its rate, or a run of rejections, allows, in ms. */
  pacedMs(endpoint: string, health?: Health): number;
  /** An attempt begins. */
  started(endpoint: Endpoint): Promise<void>;
}

export interface GateOptions {
  routing: Routing;
  cooldowns: Cooldowns;
  /** Interval at which a drain with a deadline tries a parked endpoint, in ms, whatever its schedule says. Default: none. */
  tryEveryMs?: number | undefined;
}

/** Endpoints as their saved health has them. */
export function createGate(
  { lease, clock }: DrainPorts,
  { routing, cooldowns, tryEveryMs }: GateOptions,
): Gate {
  /** For how long its schedule has it wait, in ms. */
  function scheduledMs(id: string, health: Health): number {
    if (!health.failures) return 0;
    return parkedUntil(health, momentOf(clock), routing.settingsOf(id)) - clock.now();
  }

  function parkedMs(id: string, health: Health): number {
    const scheduled = scheduledMs(id, health);
    if (tryEveryMs === undefined || scheduled <= 0) return scheduled;
    const early = earlyAt(health, momentOf(clock), { everyMs: tryEveryMs }) - clock.now();
    return Math.min(scheduled, early);
  }

  return {
    closedMs(id, health = lease.health(id)) {
      const paused = pausedMs(health, clock.now());
      if (paused === Infinity) return Infinity;
      return Math.max(paused, parkedMs(id, health), cooldowns.leftMs(id));
    },
    isEarly: (id) => tryEveryMs !== undefined && scheduledMs(id, lease.health(id)) > 0,
    pacedMs(id, health = lease.health(id)) {
      const { rate } = routing.settingsOf(id);
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

/** Endpoints that are left alone for a while, whatever their health says: it lives in memory, and is about this drain. */
import type { Clock } from '../../shared/clock.js';

/**
 * `failed`: the endpoint did; its health knows for how long, and a pass tries it once.
 * `ours`: this machine could not make the attempt. `spool`: the spool could not settle a delivery.
 */
export type RestReason = 'failed' | 'ours' | 'spool';

export interface Resting {
  rest(endpoint: string, reason: RestReason): void;
  /** The endpoint works, and may go on; not where the spool is what it waits for. */
  wake(endpoint: string): void;
  isResting(endpoint: string): boolean;
  /** For how much longer, in ms; Infinity for the rest of a pass. */
  leftMs(endpoint: string): number;
  /** For how much longer nothing at all is to be started, in ms, so that this machine recovers. */
  pauseMs(): number;
}

/** How long nothing is started after an attempt that this machine could not make, in ms. */
const pauseAfterOursMs = 200;

/** How long an endpoint rests in a drain that stays, in ms. */
const restMs: Record<RestReason, number> = { failed: 0, ours: 1_000, spool: 5_000 };

/** Nobody rests yet. @param options.isPass whether a rest lasts until the drain ends */
export function createResting(clock: Clock, { isPass }: { isPass: boolean }): Resting {
  const resting = new Map<string, { until: number; reason: RestReason }>();
  let pausedUntil = 0;

  function leftMs(endpoint: string): number {
    if (resting.size === 0) return 0;
    const left = (resting.get(endpoint)?.until ?? 0) - clock.monotonic();
    if (left > 0) return left;
    resting.delete(endpoint);
    return 0;
  }

  return {
    rest(endpoint, reason) {
      if (reason === 'ours') pausedUntil = clock.monotonic() + pauseAfterOursMs;
      if (leftMs(endpoint) > 0 && resting.get(endpoint)?.reason === 'spool') return;
      resting.set(endpoint, { until: isPass ? Infinity : clock.monotonic() + restMs[reason], reason });
    },
    wake(endpoint) {
      if (resting.get(endpoint)?.reason !== 'spool') resting.delete(endpoint);
    },
    isResting: (endpoint) => leftMs(endpoint) > 0,
    leftMs,
    pauseMs: () => (pausedUntil === 0 ? 0 : Math.max(pausedUntil - clock.monotonic(), 0)),
  };
}

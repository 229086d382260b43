import { CapnhookError } from '../../shared/errors.js';
import { busy } from '../../usecases/busy.js';
import type { DrainMetrics, MeasuredDrain } from './drain-metrics.js';

export interface OpenMetricsOptions {
  /** Where metrics are served; undefined: nowhere. */
  metrics?: string | undefined;
  stop?: AbortSignal;
}

/**
 * Begins to serve metrics before the spool is locked: a command that waits for the lock is told where that fails.
 * @throws CapnhookError `BUSY` where the address is that of the drain that runs; `USAGE`, `TEMPORARY`, `PERMISSION`
 */
export async function openMetrics(
  { metrics, stop }: OpenMetricsOptions,
  drain: Omit<MeasuredDrain, 'stop'>,
): Promise<DrainMetrics | undefined> {
  if (metrics === undefined) return undefined;
  const { openDrainMetrics } = await import('./drain-metrics.js');
  try {
    return await openDrainMetrics(metrics, { ...drain, stop });
  } catch (error) {
    const isInUse = error instanceof CapnhookError && error.code === 'TEMPORARY';
    const holder = isInUse ? await drain.spool.holder() : undefined;
    throw holder === undefined ? error : busy('drain', holder);
  }
}

/**
 * Draining: intake, then attempts, until there is nothing more to do. Lasting
 * state is in the spool; everything here can be lost at any moment.
 */
import { createLoop, spoolReplaced } from './loop.js';
import { createParts, type DrainParts } from './parts.js';
import type { DrainOptions, DrainPorts, DrainSummary } from './ports.js';
import { readQueues } from './queues-left.js';
import { leftIn } from './reporting/queues.js';

/** Maximum time for commands of `onChange` after everything else is done, in ms. */
const lastAlertsMs = 60_000;

/**
 * Drains until `options.until` is reached or it is stopped.
 * @throws CapnhookError `BUSY` if the spool was replaced during the drain; every error of the spool
 */
export async function drain(ports: DrainPorts, options: DrainOptions): Promise<DrainSummary> {
  const { side, hooks, sender } = ports;
  const parts = createParts(ports, options);
  const { alerts, attempts, signal, stopping, summary } = parts;
  const loop = createLoop(ports, parts, options);
  const unwatch = options.until === 'pass' ? () => {} : side.onHint(loop.onHint);
  hooks.onInvalidate?.(loop.onReload);
  const unlisten = stopping.listen({
    stopConnecting: () => sender.stopConnecting(),
    cutOff() {
      attempts.cutOff();
      alerts.cutOff();
    },
    onSignal: signal.raise,
  });
  try {
    if (options.stop?.aborted) stopping.startGrace();
    await loop.run();
  } catch (error) {
    throw side.isValid() ? error : spoolReplaced();
  } finally {
    unwatch();
    await end(ports, parts);
    unlisten();
  }
  summary.waiting = await side.waiting();
  return Object.assign(summary, leftIn(await readQueues(ports, parts)));
}

/** Waits for everything in flight, also after an error, and reports what it came to. */
async function end({ side }: DrainPorts, parts: DrainParts): Promise<void> {
  const { alerts, attempts, holds, reporter, stopping, unclaimed } = parts;
  const { isStopping, startGrace, cutOffAfter } = stopping;
  if (attempts.count() > 0) startGrace();
  await attempts.settled();
  reporter.flush();
  holds.flush(isStopping() ? 'end' : 'idle');
  if (side.isValid()) {
    await unclaimed.flush();
    await alerts.flush();
    await holds.save();
  }
  if (isStopping()) startGrace();
  else cutOffAfter(lastAlertsMs);
  await alerts.settled();
}

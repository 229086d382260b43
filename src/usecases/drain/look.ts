import { setImmediate } from 'node:timers/promises';
import { pausedMs } from '../../endpoint/health.js';
import type { DrainParts } from './parts.js';
import type { DrainOptions, DrainPorts } from './ports.js';
import { sendUnqueued } from './sending/unqueued.js';

export interface Look {
  /** Takes in all events, obeys requests, and starts attempts. */
  run(): Promise<void>;
  /** Time after the last look in which the intake does nothing without a signal, in ms; Infinity if nothing waits. */
  idleMs(): number;
}

/** Interval between two looks at a hooks file that is being written, in ms. */
const unsettledMs = 200;

/** Interval between two searches for old deliveries of paused endpoints, in ms. */
const expireEveryMs = 3_600_000;

/** Makes the look of a drain. */
export function createLook(ports: DrainPorts, parts: DrainParts, options: DrainOptions): Look {
  const { side, clock } = ports;
  const { attempts, cooldowns, holds, intake, requests, routing, schedule, settler, signal } = parts;
  const { summary, unclaimed } = parts;
  const { isStopping } = parts.stopping;
  const isPass = options.until === 'pass';
  const stays = options.until === 'daemon';
  let idleMs = 0;
  let expireAt = Number.NEGATIVE_INFINITY;

  async function giveUpPaused(): Promise<void> {
    if (clock.monotonic() < expireAt) return;
    expireAt = clock.monotonic() + expireEveryMs;
    for (const id of side.byId.owing()) {
      if (pausedMs(side.byId.health(id), clock.now()) === 0) continue;
      const owned = await side.queues.acquireOne(id);
      if (owned === undefined) continue;
      await settler.giveUpPaused(owned, routing.holdKeepMs());
      await attempts.reconsider([id]);
    }
  }

  /** A pass, too, takes in what a request has put back. */
  async function obey(): Promise<void> {
    const { hasRestored } = await requests.step({ isUnsettled: intake.isUnsettled() });
    if (!hasRestored) return;
    schedule.hurry();
    signal.raise();
  }

  async function step(): Promise<void> {
    await sendUnqueued({ intake: side.intake, attempts, signal, summary, clock, stays, isStopping });
    await intake.step();
    // A request to deregister goes with a change of the hooks file: it is obeyed by the file as it is then.
    if (requests.areWaiting()) await obey();
    holds.look();
    attempts.noteNews();
    if (!(await attempts.fill())) signal.raise();
    await setImmediate(); // answers that have arrived are handled between two steps
  }

  return {
    async run() {
      await giveUpPaused();
      schedule.begin();
      const cooldownMs = cooldowns.leftForAllMs();
      await unclaimed.expire();
      intake.begin();
      do await step();
      while (intake.mayGoOn() && !attempts.failure() && !isStopping());
      const hooksMs = intake.isUnsettled() ? unsettledMs : Infinity;
      idleMs = Math.min(hooksMs, intake.changingMs(), cooldownMs || Infinity);
      const isOver = isPass && attempts.count() === 0;
      schedule.end(Math.min(idleMs, isOver ? Infinity : options.rescanMs));
    },
    idleMs: () => idleMs,
  };
}

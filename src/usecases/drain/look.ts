import { setImmediate } from 'node:timers/promises';
import { pausedMs } from '../../endpoint/health.js';
import type { DrainParts } from './parts.js';
import type { DrainOptions, DrainPorts } from './ports.js';
import { sendUnqueued } from './sending/unqueued.js';

export interface Look {
  /** Takes in all events, looks at every endpoint, and starts attempts. */
  run(): Promise<void>;
  /** Time after the last look in which nothing is to be done without a signal, in ms; Infinity if nothing waits. */
  idleMs(): number;
  /** When an endpoint with deliveries can be tried next, monotonic ms. */
  opensAt(): number;
}

/** Interval between two looks at a hooks file that is being written, in ms. */
const unsettledMs = 200;

/** Interval between two searches for old deliveries of paused endpoints, in ms. */
const expireEveryMs = 3_600_000;

/** Makes the look of a drain. */
export function createLook(ports: DrainPorts, parts: DrainParts, options: DrainOptions): Look {
  const { lease, clock } = ports;
  const { attempts, cooldowns, holds, intake, requests, routing, schedule, settler, signal } = parts;
  const { summary, unclaimed } = parts;
  const { isStopping } = parts.stopping;
  const isPass = options.until === 'pass';
  const stays = options.until === 'daemon';
  let idleMs = 0;
  let opensAt = 0;
  let expireAt = Number.NEGATIVE_INFINITY;

  async function giveUpPaused(): Promise<void> {
    if (clock.monotonic() < expireAt) return;
    expireAt = clock.monotonic() + expireEveryMs;
    for (const id of lease.owing())
      if (pausedMs(lease.health(id), clock.now()) > 0) await settler.giveUpPaused(id, routing.holdKeepMs());
  }

  /** A pass, too, takes in what a request has put back. */
  async function obey(): Promise<void> {
    const { hasRestored } = await requests.step({ isUnsettled: intake.isUnsettled() });
    if (!hasRestored) return;
    schedule.hurry();
    signal.raise();
  }

  /** @returns time until another endpoint may be tried, in ms */
  async function step(): Promise<number> {
    await sendUnqueued({ intake: lease.intake, attempts, signal, summary, clock, stays, isStopping });
    await intake.step();
    // A request to deregister goes with a change of the hooks file: it is obeyed by the file as it is then.
    if (requests.areWaiting()) await obey();
    holds.look();
    const before = clock.monotonic();
    const opensInMs = attempts.look();
    schedule.took(clock.monotonic() - before);
    if (!(await attempts.fill())) signal.raise();
    await setImmediate(); // answers that have arrived are handled between two steps
    return opensInMs;
  }

  return {
    async run() {
      await giveUpPaused();
      schedule.begin();
      const cooldownMs = cooldowns.leftForAllMs();
      let opensInMs = Infinity;
      await unclaimed.expire();
      intake.begin();
      do opensInMs = await step();
      while (intake.mayGoOn() && !attempts.failure() && !isStopping());
      opensAt = schedule.lastAt() + opensInMs;
      const hooksMs = intake.isUnsettled() ? unsettledMs : Infinity;
      idleMs = Math.min(hooksMs, intake.changingMs(), cooldownMs || Infinity, opensInMs);
      const isOver = isPass && attempts.count() === 0;
      schedule.end(Math.min(idleMs, isOver ? Infinity : options.rescanMs));
    },
    idleMs: () => idleMs,
    opensAt: () => opensAt,
  };
}

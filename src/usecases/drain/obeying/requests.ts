/** Requests to the drain that runs, obeyed a step at a time: others are to be sent to meanwhile. */
import type { Delivery } from '../../../spool/spool.js';
import type { IsRegistered, MovingWish } from '../../operate/carry-out.js';
import type { DrainPorts } from '../ports.js';
import type { Reporter } from '../reporting/reporter.js';
import type { Routing } from '../routing.js';
import type { Cooldowns } from '../settling/cooldowns.js';
import type { Settler } from '../settling/settle.js';
import { createObedience } from './obedience.js';
import type { OpenRequest } from './open-request.js';
import { createOpenRequests, type IsAllowed } from './open-requests.js';

/** How often requests are looked for, in ms, whatever hints there are: one is to be obeyed within a second. */
const pollMs = 500;

/** Requests are obeyed one after another for this long, in ms, before others are sent to. */
const stepMs = 30;

export interface Requests {
  /** Whether a request can be obeyed now; looked for twice a second. */
  areWaiting(): boolean;
  /** Whether a request is not obeyed to its end: what was in flight is looked for again. */
  areOpen(): boolean;
  /** In how many ms requests are looked for again. */
  dueMs(): number;
  /**
   * Obeys requests for a bounded time.
   * @param options.isUnsettled whether the hooks file is being written: what goes with a change of it waits
   * @returns whether events were put where the intake finds them
   */
  step(options: { isUnsettled: boolean }): Promise<{ hasRestored: boolean }>;
  /** The wish of this kind, if any, that was obeyed while a delivery was in flight that has come back. */
  ended(delivery: Delivery, kind: MovingWish['kind']): MovingWish | undefined;
}

export interface RequestsOptions {
  routing: Routing;
  settler: Settler;
  cooldowns: Cooldowns;
  reporter: Reporter;
  /** Looks again whether endpoints may be sent to. */
  reconsider(endpoints: readonly string[]): Promise<void>;
}

/** The requests to a drain. */
export function createRequests(
  ports: DrainPorts,
  { routing, settler, cooldowns, reporter, reconsider }: RequestsOptions,
): Requests {
  const { clock } = ports;
  const isRegistered: IsRegistered = (event, endpoint) => routing.endpoint(endpoint, event) !== undefined;
  const options = {
    isRegistered,
    settler,
    cooldowns,
    reporter,
    reconsider,
    obedience: createObedience(ports),
  };
  const open = createOpenRequests(ports, options);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isFound = false;
  let current: OpenRequest | undefined;

  /** Walks on for a bounded time. @returns whether events were put where the intake finds them */
  async function walk(walked: OpenRequest): Promise<boolean> {
    const { isDone, isObeyed, isProgress, hasRestored } = await walked.step();
    if (isProgress) open.noteProgress();
    if (isDone) current = undefined;
    if (isObeyed) {
      open.obeyed(walked);
      lookedAt = Number.NEGATIVE_INFINITY; // there may be another one
    }
    return hasRestored;
  }

  return {
    areWaiting() {
      const now = clock.monotonic();
      if (current !== undefined || open.firstDueAt() <= now) return true;
      if (now - lookedAt >= pollMs) {
        lookedAt = now;
        isFound = open.areNew();
      }
      return isFound;
    },
    areOpen: open.areAny,
    dueMs() {
      if (current !== undefined) return 1;
      return Math.max(Math.min(lookedAt + pollMs, open.firstDueAt()) - clock.monotonic(), 1);
    },
    async step({ isUnsettled }) {
      const isAllowed: IsAllowed = ({ wish }) => !isUnsettled || wish.kind !== 'deregister';
      isFound = false;
      let hasRestored = false;
      const until = clock.monotonic() + stepMs;
      do {
        current ??= open.next(isAllowed);
        if (current === undefined || !isAllowed(current.request)) break;
        if (await walk(current)) hasRestored = true;
      } while (current === undefined && clock.monotonic() < until);
      return { hasRestored };
    },
    ended: open.ended,
  };
}

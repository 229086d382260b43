import type { Due } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { Eligibility } from './eligibility.js';
import type { LargePayloads } from './places/large-payloads.js';
import type { Shares } from './places/shares.js';
import type { RoundRobin } from './round-robin.js';

export interface LookOptions {
  eligibility: Eligibility;
  payloads: LargePayloads;
  roundRobin: RoundRobin;
  shares: Shares;
  isPass: boolean;
}

/** Interval between two looks for deliveries that could not be read, in ms. */
const unreadableMs = 2_000;

/**
 * Makes the function that looks at all endpoints, and puts those that may be tried into the round robin. It returns the
 * time until another one may be tried, in ms; Infinity if none is waited for.
 */
export function createLook({ lease, clock }: DrainPorts, options: LookOptions): (due: Due) => number {
  const { eligibility, payloads, roundRobin, shares, isPass } = options;
  const { mayTry, hasRoom, opensInMs } = eligibility;

  function lookAtReady(ready: Iterable<string>): number {
    let soonest = Infinity;
    for (const id of ready) {
      if (mayTry(id)) roundRobin.add(id);
      else if (hasRoom(id) && !payloads.isWaiting(id)) soonest = Math.min(soonest, opensInMs(id));
    }
    return soonest;
  }

  function lookAtOthers(ready: ReadonlySet<string>): number {
    let soonest = Infinity;
    for (const id of lease.owing()) {
      if (ready.has(id)) continue;
      const dueMs = lease.nextDue(id);
      // Deliveries that cannot be read now become readable without a hint.
      if (dueMs === undefined && shares.at(id) === 0 && lease.onHold(id) === 0)
        soonest = Math.min(soonest, unreadableMs);
      if (dueMs !== undefined) soonest = Math.min(soonest, Math.max(dueMs - clock.now(), opensInMs(id)));
    }
    return soonest;
  }

  return (due) => {
    const ready = new Set(lease.ready(due));
    const soonest = lookAtReady(ready);
    return isPass ? soonest : Math.min(soonest, lookAtOthers(ready));
  };
}

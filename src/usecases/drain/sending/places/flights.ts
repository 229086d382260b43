/** The attempts in flight, by their beginning. */
import type { Share } from './endpoint-shares.js';

export interface Flight {
  share: Share;
  /** Monotonic ms. */
  since: number;
  isOver: boolean;
  /** Cuts the attempt off, so that its place becomes free. */
  cutOff: (() => void) | undefined;
  isGivingWay: boolean;
}

export interface Flights {
  begin(share: Share, options: { now: number; cutOff: (() => void) | undefined }): Flight;
  end(flight: Flight): void;
  /** Calls `onOld` with the share of each attempt that began before `before`; once for each attempt. */
  age(before: number, onOld: (share: Share) => void): void;
  /**
   * Cuts off first attempts of endpoints that began before `before`, the oldest first, until `wanted` are cut off and
   * have not ended.
   */
  giveWay(wanted: number, before: number): void;
}

/** Makes the record of a drain's attempts in flight. */
export function createFlights(): Flights {
  /** All attempts that are not known to be old; the oldest first. */
  let flights: Flight[] = [];
  let aged = 0;
  /** First attempts of endpoints that can be cut off; the oldest first. */
  const firstFlights = new Set<Flight>();
  /** Number of attempts that were cut off, and have not ended. */
  let givingWay = 0;

  return {
    begin(share, { now, cutOff }) {
      const flight: Flight = { share, since: now, isOver: false, cutOff, isGivingWay: false };
      flights.push(flight);
      if (cutOff !== undefined && share.typicalMs === undefined) firstFlights.add(flight);
      return flight;
    },
    end(flight) {
      flight.isOver = true;
      firstFlights.delete(flight);
      if (flight.isGivingWay) givingWay -= 1;
    },
    age(before, onOld) {
      for (let flight = flights[aged]; flight !== undefined; flight = flights[aged]) {
        if (!flight.isOver && flight.since > before) break;
        if (!flight.isOver) onOld(flight.share);
        aged += 1;
      }
      if (2 * aged > flights.length) [flights, aged] = [flights.slice(aged), 0];
    },
    giveWay(wanted, before) {
      for (const flight of firstFlights) {
        if (givingWay >= wanted || flight.since > before) return;
        firstFlights.delete(flight);
        flight.isGivingWay = true;
        givingWay += 1;
        flight.cutOff?.();
      }
    },
  };
}

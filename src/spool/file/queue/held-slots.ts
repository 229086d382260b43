/** Slots on hold: they stay at their place, counted by segment, and only those of the segment at hand by name. */

export interface HeldSlots {
  add(segment: string, name: string): void;
  /** A segment is at hand now: all of it is handed out again. */
  opened(segment: string): void;
  /** Names, and with them those on hold, of a segment: they are counted, and not listed again. */
  join(segment: string, names: ReadonlySet<string>): ReadonlySet<string>;
  /** Segments that have any. */
  segments(): Iterable<string>;
  /** How many slots are on hold. */
  count(): number;
  /** How many names are in memory. */
  names(): number;
  clear(): void;
}

/** Makes a record of no slots. @param isAtHand whether a segment is at hand */
export function createHeldSlots(isAtHand: (segment: string) => boolean): HeldSlots {
  const counts = new Map<string, number>();
  /** The segment at hand is listed again while it is read. */
  let names = new Set<string>();

  return {
    add(segment, name) {
      counts.set(segment, (counts.get(segment) ?? 0) + 1);
      if (isAtHand(segment)) names.add(name);
    },
    opened(segment) {
      names = new Set();
      counts.delete(segment);
    },
    join: (segment, taken) => (names.size > 0 && isAtHand(segment) ? new Set([...taken, ...names]) : taken),
    segments: () => counts.keys(),
    count: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    names: () => names.size,
    clear() {
      counts.clear();
      names = new Set();
    },
  };
}

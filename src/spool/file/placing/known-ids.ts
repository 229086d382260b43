import type { EventFile } from '../batch/accepted-file.js';
import type { Singles } from './queue-tail.js';

/** Maximum number of ids in memory, over all endpoints; beyond it the disk is asked. */
const maxIds = 65_536;

export interface KnownIds {
  /** Notes that an event is put into a segment, whether or not that succeeds. */
  note(segment: Singles, file: EventFile): void;
  /** Whether an event's name may be in use in a segment. */
  mayHave(segment: Singles, file: EventFile): boolean;
  /** Forgets the ids of a segment. */
  forget(segment: Singles): void;
}

/**
 * Makes a bounded record of the ids in segments.
 * @param all gives the segments of all endpoints, whose ids are forgotten when they are too many
 */
export function createKnownIds(all: () => Iterable<Singles>): KnownIds {
  let count = 0;

  function forget(segment: Singles): void {
    count -= segment.ids?.size ?? 0;
    segment.ids = undefined;
  }

  return {
    note({ ids }, file) {
      if (ids === undefined) return;
      count -= ids.size;
      count += ids.add(keyOf(file)).size;
      if (count > maxIds) for (const segment of all()) forget(segment);
    },
    mayHave: ({ ids }, file) => ids?.has(keyOf(file)) ?? true,
    forget,
  };
}

/** As every file system tells names apart: some do not tell `A` from `a`. */
function keyOf({ event }: EventFile): string {
  return event.id.toLowerCase();
}

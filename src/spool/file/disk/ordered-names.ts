import type { Disk } from './disk.js';
import { eachName } from './each-name.js';
import { readableOr } from './readable-or.js';

/** Number of names in memory: few at first, so that the first one comes soon, then more, so that few passes are needed. */
const firstNames = 4_096;
const mostNames = 262_144;

export interface OrderedNamesOptions {
  /** Only names that come after this one; default: all. */
  after?: string | undefined;
  /** Only names that it accepts; default: all. */
  accept?(name: string): boolean;
  /** Whether a directory that a person has made unreadable has no names; default false. */
  skipUnreadable?: boolean;
}

/**
 * The names of a directory, sorted, of which not all have to be in memory: a large one is read in several passes. Names
 * that come or go meanwhile may be missing.
 * @throws the errno of a directory that cannot be listed
 */
export function* orderedNames(
  disk: Disk,
  path: string,
  { after, accept = () => true, skipUnreadable = false }: OrderedNamesOptions = {},
): Generator<string> {
  let last = after;
  for (let most = firstNames; ; most = Math.min(most * 8, mostNames)) {
    const list = (): Smallest => smallest(disk, path, { most, last, accept });
    const { names, isAll } = skipUnreadable ? readableOr({ names: [], isAll: true }, list) : list();
    yield* names;
    if (isAll) return;
    last = names.at(-1) ?? last;
  }
}

interface Smallest {
  /** Sorted. */
  names: string[];
  /** Whether there is none beyond these. */
  isAll: boolean;
}

/** The smallest names after `last`, at most `most` of them. */
function smallest(
  disk: Disk,
  path: string,
  { most, last, accept }: { most: number; last: string | undefined; accept(name: string): boolean },
): Smallest {
  const names: string[] = [];
  let limit: string | undefined;
  const cut = (): void => {
    names.sort();
    if (names.length <= most) return;
    names.length = most;
    limit = names[most - 1];
  };
  eachName(disk, path, (name) => {
    if (last !== undefined && name <= last) return;
    if ((limit !== undefined && name > limit) || !accept(name)) return;
    names.push(name);
    if (names.length >= 2 * most) cut();
  });
  cut();
  return { names, isAll: limit === undefined };
}

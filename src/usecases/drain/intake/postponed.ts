/** Notices of entries that stay in `incoming/`: each of the first ones once, by name, and the number of the others. */
import type { EntryProblem } from '../../../spool/spool.js';
import type { Notice } from '../ports.js';

export interface PostponedEntries {
  /** A look at all entries begins. */
  begin(): void;
  /** An entry stays. `immovable`: it is no event, and cannot be put aside. */
  add(kind: 'unread' | 'immovable', entry: EntryProblem): void;
  /** The look has ended: the others are told, where they were not, or have become twice as many. */
  end(): void;
}

/** Maximum number of entries that are reported by name. */
const mostNamed = 10;

/** @param report told of those that were not told yet */
export function createPostponedEntries(report: (notice: Notice) => void): PostponedEntries {
  const named = new Set<string>();
  let others = 0;
  let toldOthers = 0;
  let isAny = false;
  return {
    begin() {
      others = 0;
      isAny = false;
    },
    add(kind, entry) {
      isAny = true;
      const words = `${entry.name}: ${entry.reason}`;
      if (named.has(words)) return;
      if (named.size >= mostNamed) {
        others += 1;
        return;
      }
      named.add(words);
      report({ kind, entry });
    },
    end() {
      if (others > 0 && others >= 2 * toldOthers) {
        report({ kind: 'more-postponed', count: others });
        toldOthers = others;
      }
      if (isAny || named.size < mostNamed) return;
      named.clear();
      toldOthers = 0;
    },
  };
}

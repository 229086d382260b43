/** Placing entries that were taken: by the present hooks file, or by the newer hooks that the spool knows of. */
import type { Entry, Placement } from '../../../spool/intake.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { HooksFile } from './hooks-file.js';
import type { RemainingEntries } from './remaining-entries.js';
import { type RoutedEntries, type RouteOptions, routeEntries } from './route-entries.js';

export interface EntryPlacement {
  /** Begins a series of steps. */
  begin(): void;
  /** Routes entries and places them. @throws as the spool's `place` */
  place(entries: readonly Entry[]): Promise<PlacedEntries>;
  /** How many entries of the series wait because it is not known who gets them. */
  unroutable(): number;
}

/** What the spool has placed, and the ids of entries that stay. */
export interface PlacedEntries {
  placement: Placement;
  unplaced: string[];
}

export interface EntryPlacementOptions extends RouteOptions {
  routing: Pick<Routing, 'route' | 'fingerprint'>;
  hooksFile: Pick<HooksFile, 'refresh'>;
  remaining: Pick<RemainingEntries, 'noteUnknown'>;
}

/** Makes what places the entries of a drain. */
export function createEntryPlacement(
  { side }: Pick<DrainPorts, 'side'>,
  options: EntryPlacementOptions,
): EntryPlacement {
  const { routing, hooksFile, remaining } = options;
  /** Ids of entries of which it is not known who gets them. */
  let unroutable = new Set<string>();

  async function placeRouted(
    entries: readonly Entry[],
  ): Promise<Pick<RoutedEntries, 'unknown'> & Pick<PlacedEntries, 'placement'>> {
    const { routed, unknown } = await routeEntries(entries, options);
    return { placement: await side.intake.place(routed, { hooks: routing.fingerprint }), unknown };
  }

  return {
    begin() {
      unroutable = new Set();
    },
    async place(entries) {
      let { placement, unknown } = await placeRouted(entries);
      if (placement.isStale) {
        await hooksFile.refresh();
        ({ placement, unknown } = await placeRouted(entries));
      }
      for (const { id, why } of unknown) {
        unroutable.add(id);
        if (why !== undefined) remaining.noteUnknown({ name: id, reason: why });
      }
      const stay = placement.isStale ? entries.map(({ header }) => header) : unknown;
      return { placement, unplaced: stay.map(({ id }) => id) };
    },
    unroutable: () => unroutable.size,
  };
}

/** Taking in: accepted entries are routed by the present hooks file, and placed. */
import { CapnhookError } from '../../../shared/errors.js';
import type { Changing, Entry, Placement, Remaining } from '../../../spool/intake.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Settler } from '../settling/settle.js';
import { createHooksFile, type HooksFileOptions } from './hooks-file.js';
import { createPostponedEntries } from './postponed.js';
import { type RoutedEntries, type RouteOptions, routeEntries } from './route-entries.js';
import type { UnclaimedEvents } from './unclaimed.js';

export interface Intake {
  /** Begins a series of steps. */
  begin(): void;
  /** Takes and places a bounded number of entries; none while the hooks file is being written. */
  step(): Promise<void>;
  /** Whether the last step got on, and left something for the next one. */
  mayGoOn(): boolean;
  /** When entries that may still be being written are to be looked at again, in ms; Infinity if none is waited for. */
  changingMs(): number;
  /** How many entries of the series wait because it is not known who gets them. */
  unroutable(): number;
  /** Whether it waits for the hooks file. */
  isUnsettled(): boolean;
}

export interface IntakeOptions extends RouteOptions, HooksFileOptions {
  routing: Pick<Routing, 'route' | 'refresh' | 'fingerprint'>;
  settler: Pick<Settler, 'noteQuarantined'>;
  unclaimed: Pick<UnclaimedEvents, 'handlingOf' | 'add'>;
  /** Whether trouble that may pass ends the drain. */
  isPass: boolean;
}

/** What a step has done. */
interface IntakeStep {
  /** Events placed, entries quarantined, and steps made towards taking a batch. */
  done: number;
  /** Names or ids of entries that stay. */
  stay: string[];
  more: boolean;
}

/** A pass waits for an entry that is still being written for this long, in ms; after that it is told, and left. */
const longestPassMs = 3_000;

/** A drain that stays tells of one after this long, in ms. */
const longestQuietMs = 10_000;

/** An intake that has not begun. */
export function createIntake(ports: Pick<DrainPorts, 'lease' | 'report'>, options: IntakeOptions): Intake {
  const { lease, report } = ports;
  const { routing, settler, unclaimed, isPass } = options;
  const postponed = createPostponedEntries(report);
  const hooksFile = createHooksFile(ports, options);
  /** The first entry that could not be taken in since the beginning of the series. */
  let firstUnread: string | undefined;
  /** Ids of entries of which it is not known who gets them. */
  let unroutable = new Set<string>();
  let goesOn = false;
  let isInTrouble = false;
  /** Entries that may still be being written. */
  let changing: readonly Changing[] = [];
  const longestMs = isPass ? longestPassMs : longestQuietMs;

  /** One step; undefined if the spool could not do it just now. @throws whatever will not pass by itself */
  async function takeIn(): Promise<IntakeStep | undefined> {
    try {
      const step = await takeAndPlace();
      isInTrouble = false;
      return step;
    } catch (error) {
      const mayPass = error instanceof CapnhookError && error.code === 'TEMPORARY';
      if (!mayPass || isPass || !lease.valid()) throw error;
      if (!isInTrouble) report({ kind: 'intake-failed', error });
      isInTrouble = true;
      return undefined;
    }
  }

  async function takeAndPlace(): Promise<IntakeStep> {
    const { entries, quarantined, checked, more, ...taken } = await lease.intake.take();
    quarantined.forEach(settler.noteQuarantined);
    const step = { done: quarantined.length + checked, stay: noteRemaining(taken), more };
    if (entries.length === 0) return step;
    const { placement, unplaced } = await place(entries);
    step.stay.push(...noteRemaining(placement), ...unplaced);
    placement.unclaimed.forEach(unclaimed.add);
    return { ...step, done: step.done + placement.events, more: placement.more };
  }

  /** Places entries; where the spool knows of newer hooks, by those. @returns the ids of those that stay, too */
  async function place(entries: readonly Entry[]): Promise<{ placement: Placement; unplaced: string[] }> {
    let { placement, unknown } = await placeRouted(entries);
    if (placement.isStale) {
      await hooksFile.refresh();
      ({ placement, unknown } = await placeRouted(entries));
    }
    for (const { id, why } of unknown) {
      unroutable.add(id);
      if (why !== undefined) postponed.add('unread', { name: id, reason: why });
    }
    const stay = placement.isStale ? entries.map(({ header }) => header) : unknown;
    return { placement, unplaced: stay.map(({ id }) => id) };
  }

  async function placeRouted(
    entries: readonly Entry[],
  ): Promise<Pick<RoutedEntries, 'unknown'> & { placement: Placement }> {
    const { routed, unknown } = await routeEntries(entries, options);
    return { placement: await lease.intake.place(routed, { hooks: routing.fingerprint }), unknown };
  }

  /** @returns the names of what stays, and cannot be taken in now */
  function noteRemaining(remaining: Omit<Remaining, 'more'>): string[] {
    for (const entry of remaining.postponed) postponed.add('unread', entry);
    for (const entry of remaining.immovable) postponed.add('immovable', entry);
    changing = remaining.changing;
    return [...remaining.postponed, ...remaining.immovable].map(({ name }) => name);
  }

  function tellPostponed(): void {
    for (const { name, watchedMs, reason } of changing) {
      if (watchedMs > longestMs) postponed.add('unread', { name, reason });
    }
    postponed.end();
  }

  function changingMs(): number {
    const awaited = changing.filter(({ watchedMs }) => !isPass || watchedMs <= longestPassMs);
    return Math.min(...awaited.map(({ againMs }) => againMs)); // Infinity of none
  }

  return {
    begin() {
      firstUnread = undefined;
      postponed.begin();
      unroutable = new Set();
    },
    async step() {
      goesOn = false;
      await hooksFile.refresh(); // a registration holds for the event that is fired after it
      const step = hooksFile.isUnsettled() ? undefined : await takeIn();
      if (step === undefined) return;
      const { done, stay, more } = step;
      const isCircle = firstUnread !== undefined && stay.includes(firstUnread);
      firstUnread ??= stay[0];
      // Entries that cannot be taken in are got past as long as others come after them.
      goesOn = more && (done > 0 || (stay.length > 0 && !isCircle));
      if (!goesOn) tellPostponed();
    },
    mayGoOn: () => goesOn,
    changingMs,
    unroutable: () => unroutable.size,
    isUnsettled: hooksFile.isUnsettled,
  };
}

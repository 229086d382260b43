/** Taking in: events are fanned out to the endpoints that the present hooks file names. */
import { CapnhookError } from '../../../shared/errors.js';
import type { Changing, FanOut } from '../../../spool/spool.js';
import type { DrainPorts } from '../ports.js';
import type { HooksFileChange } from '../reporting/changes.js';
import type { Routing } from '../routing.js';
import type { Settler } from '../settling/settle.js';
import { createPostponedEntries } from './postponed.js';
import type { UnclaimedEvents } from './unclaimed.js';

export interface Intake {
  /** Begins a series of steps. */
  begin(): void;
  /** Fans out a bounded number of events; none while the hooks file is being written. */
  step(): Promise<void>;
  /** Whether the last step got on, and left something for the next one. */
  mayGoOn(): boolean;
  /** When entries that may still be being written are to be looked at again, in ms; Infinity if none is waited for. */
  changingMs(): number;
  /** How many entries of the series cannot be routed without a hooks file. */
  unroutable(): number;
  /** Whether it waits for the hooks file. */
  isUnsettled(): boolean;
}

export interface IntakeOptions {
  routing: Routing;
  settler: Settler;
  unclaimed: UnclaimedEvents;
  /** Whether an endpoint can be sent to immediately. */
  canSendNow(endpoint: string): boolean;
  /** Whether trouble that may pass ends the drain. */
  isPass: boolean;
  /** Called when the hooks file breaks, and when it is usable again. */
  onChange(change: HooksFileChange): void;
}

/** A pass waits for an entry that is still being written for this long, in ms; after that it is told, and left. */
const longestPassMs = 3_000;

/** A drain that stays tells of one after this long, in ms. */
const longestQuietMs = 10_000;

/** An intake that has not begun. */
export function createIntake(
  { lease, report }: DrainPorts,
  { routing, settler, unclaimed, canSendNow, isPass, onChange }: IntakeOptions,
): Intake {
  const postponed = createPostponedEntries(report);
  /** The first entry that could not be taken in since the beginning of the series. */
  let firstUnread: string | undefined;
  /** Entries that nobody can route, because there is no hooks file. */
  let unroutable = new Set<string>();
  let goesOn = false;
  let isUnsettled = false;
  let isInTrouble = false;
  let isBroken = false;
  /** Entries that may still be being written. */
  let changing: readonly Changing[] = [];
  const longestMs = isPass ? longestPassMs : longestQuietMs;

  async function refreshHooks(): Promise<void> {
    const refreshed = await routing.refresh();
    isUnsettled = refreshed.kind === 'unsettled';
    if (refreshed.kind === 'broken') {
      report({ kind: 'hooks-broken', error: refreshed.error });
      if (!isBroken) onChange({ hooksFile: 'broken', reason: refreshed.error.message });
      isBroken = true;
    }
    if (refreshed.kind !== 'reloaded') return;
    report({ kind: 'hooks-reloaded', wasBroken: isBroken });
    if (isBroken) onChange({ hooksFile: 'well' });
    isBroken = false;
  }

  /** One step; undefined if the spool could not do it just now. @throws whatever will not pass by itself */
  async function fanOut(): Promise<FanOut | undefined> {
    try {
      const step = await lease.fanOut(
        (event) => (routing.isKnown(event) ? routing.endpointsFor(event).map(({ id }) => id) : 'unknown'),
        unclaimed.reasonFor,
        canSendNow,
      );
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

  function note(step: FanOut): void {
    step.unclaimed.forEach(unclaimed.add);
    step.quarantined.forEach(settler.noteQuarantined);
    for (const entry of step.postponed) postponed.add('unread', entry);
    for (const entry of step.immovable) postponed.add('immovable', entry);
    changing = step.changing;
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
      await refreshHooks(); // a registration holds for the event that is fired after it
      const step = isUnsettled ? undefined : await fanOut();
      if (step === undefined) return;
      note(step);
      for (const name of step.unknown) unroutable.add(name);
      const stay = [...step.postponed.map(nameOf), ...step.immovable.map(nameOf), ...step.unknown];
      const isCircle = firstUnread !== undefined && stay.includes(firstUnread);
      firstUnread ??= stay[0];
      const done = step.events + step.quarantined.length + step.checked;
      // Entries that cannot be taken in are got past as long as others come after them.
      goesOn = step.more && (done > 0 || (stay.length > 0 && !isCircle));
      if (!goesOn) tellPostponed();
    },
    mayGoOn: () => goesOn,
    changingMs,
    unroutable: () => unroutable.size,
    isUnsettled: () => isUnsettled,
  };
}

function nameOf({ name }: { name: string }): string {
  return name;
}

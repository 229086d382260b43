/** Taking in: accepted entries are routed by the present hooks file, and placed. */
import { CapnhookError } from '../../../shared/errors.js';
import type { DrainPorts } from '../ports.js';
import type { Routing } from '../routing.js';
import type { Settler } from '../settling/settle.js';
import { createEntryPlacement } from './entry-placement.js';
import { createHooksFile, type HooksFileOptions } from './hooks-file.js';
import { createRemainingEntries } from './remaining-entries.js';
import type { RouteOptions } from './route-entries.js';
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

/** Makes the intake of a drain. */
export function createIntake(ports: Pick<DrainPorts, 'side' | 'report'>, options: IntakeOptions): Intake {
  const { side, report } = ports;
  const { settler, unclaimed, isPass } = options;
  const hooksFile = createHooksFile(ports, options);
  const remaining = createRemainingEntries(report, options);
  const placement = createEntryPlacement(ports, { ...options, hooksFile, remaining });
  /** The first entry that could not be taken in since the beginning of the series. */
  let firstUnread: string | undefined;
  let goesOn = false;
  let isInTrouble = false;

  /** One step; undefined if the spool could not do it just now. @throws errors that do not pass by themselves */
  async function takeIn(): Promise<IntakeStep | undefined> {
    try {
      const step = await takeAndPlace();
      isInTrouble = false;
      return step;
    } catch (error) {
      const mayPass = error instanceof CapnhookError && error.code === 'TEMPORARY';
      if (!mayPass || isPass || !side.isValid()) throw error;
      if (!isInTrouble) report({ kind: 'intake-failed', error });
      isInTrouble = true;
      return undefined;
    }
  }

  async function takeAndPlace(): Promise<IntakeStep> {
    const { entries, quarantined, checked, more, ...taken } = await side.intake.take();
    quarantined.forEach(settler.noteQuarantined);
    const step = { done: quarantined.length + checked, stay: remaining.note(taken), more };
    if (entries.length === 0) return step;
    const { placement: placed, unplaced } = await placement.place(entries);
    step.stay.push(...remaining.note(placed), ...unplaced);
    placed.unclaimed.forEach(unclaimed.add);
    return { ...step, done: step.done + placed.events, more: placed.more };
  }

  return {
    begin() {
      firstUnread = undefined;
      remaining.begin();
      placement.begin();
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
      if (!goesOn) remaining.end();
    },
    mayGoOn: () => goesOn,
    changingMs: remaining.changingMs,
    unroutable: placement.unroutable,
    isUnsettled: hooksFile.isUnsettled,
  };
}

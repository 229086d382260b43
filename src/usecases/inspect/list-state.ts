/** In which state an entry is shown: where it is, and for a queued delivery what it waits for. Pure. */
import { type Health, pausedMs, stateOf } from '../../endpoint/health.js';
import type { EntryState } from '../../spool/inspection.js';

/**
 * `incoming`: accepted, not routed; `queued`: waits its turn; `parked`, `paused`, `on-hold`: queued for an endpoint that is
 * parked, paused or not registered; `retry`: failed alone, waits for its own time; `unclaimed`: nobody was registered;
 * `dead`: given up or dropped; `corrupt`: could not be read; `sent`:
 * delivered and kept.
 */
export const listStates = [
  'incoming',
  'queued',
  'parked',
  'paused',
  'on-hold',
  'retry',
  'unclaimed',
  'dead',
  'corrupt',
  'sent',
] as const;

export type ListState = (typeof listStates)[number];

/** What is listed where nothing else is said: what was not delivered. */
export const undeliveredListStates: readonly ListState[] = listStates.filter((state) => state !== 'sent');

/** What a queued delivery waits for. */
type QueuedState = 'queued' | 'parked' | 'paused' | 'on-hold';

const queuedStates: ReadonlySet<ListState> = new Set<QueuedState>(['queued', 'parked', 'paused', 'on-hold']);

/** Where entries of these states are; `corrupt` ones are read elsewhere. */
export function entryStatesOf(states: readonly ListState[]): EntryState[] {
  const found = states.flatMap((state): EntryState[] => {
    if (state === 'corrupt') return [];
    return [queuedStates.has(state) ? 'queued' : (state as EntryState)];
  });
  return [...new Set(found)];
}

/**
 * What a queued delivery waits for.
 * @param options.isRegistered whether its endpoint is registered for it; undefined where that is not known
 * @param options.now ms since the epoch
 */
export function queuedStateOf(
  health: Health,
  { isRegistered, now }: { isRegistered: boolean | undefined; now: number },
): QueuedState {
  if (pausedMs(health, now) > 0) return 'paused';
  if (!(isRegistered ?? health.heldAll === undefined)) return 'on-hold';
  return stateOf(health) === 'parked' ? 'parked' : 'queued';
}

import { createJournalReader } from '../journal/read-journal.js';
import { systemClock } from '../shared/clock.js';
import { payloadOf, type ShownEvent, type ShowPorts, showEvent } from '../usecases/inspect/show-event.js';
import { type InspectOptions, inspectPorts } from './inspect-options.js';

export type { KeptAnswer } from '../spool/reasons.js';
export type { ShownDelivery, ShownEvent, ShownPayload, ShownState } from '../usecases/inspect/show-event.js';

/**
 * Tells all that is known of an event: its payload, each endpoint's delivery, and every attempt; of one that was
 * delivered as far as the journal goes back.
 * @param id the event's, or the beginning of it; of a batch `<id>_<n>`; or the name of a file in `corrupt/`
 * @throws CapnhookError `USAGE`; `NO_INPUT` where no event or several have such an id; `SPOOL_CREATE` for a named spool
 *   that is missing; `PERMISSION`, `SPOOL_WRITE` where it cannot be read
 * @example const { deliveries } = await show('evt_01KB9Q3V7R');
 */
export async function show(id: string, options: InspectOptions = {}): Promise<ShownEvent> {
  return showEvent(showPorts(options), id, { showUrls: options.showUrls });
}

/**
 * The bytes of an event's payload, as they were fired.
 * @param id as of {@link show}
 * @throws CapnhookError as {@link show}; `NO_INPUT` where it is not kept any more
 */
export async function payload(id: string, options: InspectOptions = {}): Promise<Uint8Array> {
  return payloadOf(showPorts(options), id);
}

function showPorts(options: InspectOptions): ShowPorts {
  const { root, ...ports } = inspectPorts(options, 'show');
  return { ...ports, clock: systemClock, journal: createJournalReader(`${root}/journal`) };
}

/** Finding events by the beginnings of their ids. */
import { isBeginningOf, isEventId, isGeneratedId } from '../../event/event-id.js';
import { CapnhookError } from '../../shared/errors.js';
import { shown } from '../../shared/shown.js';
import type { EntryState, Inspection } from '../../spool/inspection.js';

export interface EventIdsOptions {
  /** Where the events are looked for. Default: everywhere. */
  states?: readonly EntryState[] | undefined;
  /** Whether the id of a batch that is not queued means the ids of its events, and not that of the batch; default false. */
  splitBatches?: boolean | undefined;
  /** As in "Cannot <doing>: …". */
  doing: string;
}

/** Maximum number of candidates that are named where an id is ambiguous. */
const maxCandidates = 5;

/** Maximum number of events of one batch: a request names each of them. */
const maxEvents = 100_000;

/**
 * The whole ids of events.
 * @param given an event's id or the beginning of one; a batch's id means each of its events
 * @throws CapnhookError `NO_INPUT` for one that is unknown or ambiguous; `USAGE` for a batch of more than 100,000 events;
 *   as the inspection
 */
export async function wholeIds(
  inspection: Inspection,
  given: readonly string[],
  options: EventIdsOptions,
): Promise<string[]> {
  const ids = new Set<string>();
  for (const each of given) for (const id of await idsOf(inspection, each, options)) ids.add(id);
  return [...ids];
}

async function idsOf(
  inspection: Inspection,
  given: string,
  { states, splitBatches, doing }: EventIdsOptions,
): Promise<Iterable<string>> {
  const whole = (): Promise<Iterable<string>> | string[] =>
    splitBatches ? eventsOf(inspection, given, { states, doing }) : [given];
  if (isGeneratedId(given))
    for await (const _ of inspection.entries({ ids: [given], states })) return whole();
  const found = new Set<string>();
  let isBatch = true;
  if (isEventId(given)) {
    for await (const { header } of inspection.entries({ id: given, states })) {
      const { id } = header;
      if (id === given) return whole();
      isBatch &&= isMemberOf(given, id);
      found.add(id);
      if (found.size > maxEvents) throw tooMany(given, doing);
      if (!isBatch && found.size > maxCandidates) break;
    }
  }
  if (found.size === 0)
    throw (await ofWaitingBatch(inspection, given, { states, doing })) ?? unknown(given, doing);
  if (!isBatch && (found.size > 1 || ![...found].every((id) => isBeginningOf(given, id))))
    throw ambiguous(given, found, doing);
  return found;
}

/** The ids of a batch's events; of a single event its own. */
async function eventsOf(
  inspection: Inspection,
  given: string,
  { states, doing }: EventIdsOptions,
): Promise<Iterable<string>> {
  const found = new Set<string>();
  for await (const { header } of inspection.entries({ id: given, states, splitBatches: true })) {
    if (header.id === given || isMemberOf(given, header.id)) found.add(header.id);
    if (found.size > maxEvents) throw tooMany(given, doing);
  }
  return found;
}

/** Whether an id is that of an event of a batch. */
function isMemberOf(batchId: string, id: string): boolean {
  return id.startsWith(`${batchId}_`) && /^[1-9]\d*$/.test(id.slice(batchId.length + 1));
}

/** The error for an event of a batch that is not queued: until then the batch is one entry. */
async function ofWaitingBatch(
  inspection: Inspection,
  given: string,
  { states, doing }: EventIdsOptions,
): Promise<CapnhookError | undefined> {
  const batchId = /^(.+)_[1-9]\d*$/.exec(given)?.[1];
  if (batchId === undefined || !isEventId(batchId)) return undefined;
  for await (const { payload } of inspection.entries({ ids: [batchId], states })) {
    if (payload !== undefined) continue; // an event with that id
    const message = `Cannot ${doing}: ${shown(given)} is an event of the batch ${batchId}, which is not queued yet`;
    return new CapnhookError('NO_INPUT', message, {
      hint: `Name the batch, or wait until it is queued: ${batchId}`,
    });
  }
  return undefined;
}

function unknown(given: string, doing: string): CapnhookError {
  return new CapnhookError('NO_INPUT', `Cannot ${doing}: no event ${shown(given)} is in the spool`, {
    hint: 'It may be delivered by now. capnhook list shows the events; an endpoint is named by --endpoint.',
  });
}

function ambiguous(given: string, found: ReadonlySet<string>, doing: string): CapnhookError {
  const candidates = [...found].slice(0, maxCandidates);
  const more = found.size > maxCandidates ? ', …' : '';
  const what =
    found.size > 1
      ? 'is the beginning of several ids'
      : 'is not in the spool, and only begins as another id does';
  return new CapnhookError('NO_INPUT', `Cannot ${doing}: ${shown(given)} ${what}`, {
    hint: `Give more of it: ${candidates.join(', ')}${more}`,
  });
}

function tooMany(given: string, doing: string): CapnhookError {
  const message = `Cannot ${doing}: the batch ${shown(given)} has more than ${maxEvents} events in the spool`;
  return new CapnhookError('USAGE', message, { hint: 'Select them by hook, endpoint and time.' });
}

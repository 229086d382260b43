import type { InspectedEntry } from '../../inspection.js';
import { pathOf } from '../deliveries/slot-paths.js';
import { parseRetryName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { orderedNames } from '../disk/ordered-names.js';
import { queuedSlots, retrySlots } from '../queue/each-slot.js';
import type { Slot } from '../queue/slot.js';
import { endpointsFrom, type Found, fewIds, type InspectionTools, mayMatch, positionIn } from './found.js';

/** Reads the deliveries that are owed: those that wait in order, or those that wait on their own. */
export function* readDeliveries(state: 'queued' | 'retry', tools: InspectionTools): Generator<Found> {
  const { disk, root, query, texts } = tools;
  const room = state === 'queued' ? 'queue' : 'retry';
  const mayHave = (batchId: string): boolean => mayMatch(batchId, query);
  const after = positionIn(state, query);
  const endpoints = query.endpoints ?? listNames(disk, `${root}/${room}`).sort();
  for (const endpoint of endpointsFrom(endpoints, after?.endpoint)) {
    const options = { endpoint, texts, mayHave, ids: fewIds(query) };
    const slots = (): Iterable<Slot> => {
      if (state === 'queued') return queuedSlots(disk, root, options);
      const names = orderedNames(disk, `${root}/retry/${endpoint}`, { skipUnreadable: true });
      return retrySlots(disk, root, endpoint, names);
    };
    const first = endpoint === after?.endpoint ? after.id : undefined;
    for (const slot of slotsAfter(slots, first)) yield readSlot(slot, { state, endpoint, tools });
  }
}

/** The slots after an id. Where it is not there any more, most of what was before it is not either: then all of them. */
function* slotsAfter(slots: () => Iterable<Slot>, id: string | undefined): Generator<Slot> {
  let isAfter = id === undefined || !hasId(slots(), id);
  for (const slot of slots()) {
    if (isAfter) yield slot;
    else isAfter = slot.id === id;
  }
}

function hasId(slots: Iterable<Slot>, id: string): boolean {
  for (const slot of slots) if (slot.id === id) return true;
  return false;
}

function readSlot(
  slot: Slot,
  { state, endpoint, tools }: { state: 'queued' | 'retry'; endpoint: string; tools: InspectionTools },
): Found {
  if (slot.id === undefined || !mayMatch(slot.id, tools.query)) return undefined;
  const found = tools.reader.read(slot);
  if (found.kind !== 'read') return undefined; // the drain has it by now, or will put it aside
  const { payload, ...header } = found.event;
  const { acceptedAt } = found;
  const entry: InspectedEntry = {
    state,
    place: pathOf('.', slot).slice(2),
    header,
    events: 1,
    endpoint,
    acceptedAt,
    attempts: slot.attempts,
    payload,
  };
  if (state === 'retry') entry.dueMs = parseRetryName(slot.name)?.dueMs;
  return entry;
}

/** Which deliveries an endpoint is owed, so that an archive that is imported again adds none of them a second time. */
import type { BatchTexts } from '../batch/batch-texts.js';
import type { DeliveryReader } from '../deliveries/delivery-reader.js';
import type { Disk } from '../disk/disk.js';
import { readableOr } from '../disk/readable-or.js';
import { queuedSlots, retrySlots } from '../queue/each-slot.js';
import type { Slot } from '../queue/slot.js';

/** Maximum number of deliveries of one endpoint that are known; beyond it a delivery is found by its name alone. */
const maxSlots = 65_536;

export interface Presence {
  /** The payload of an event that is queued for an endpoint; undefined where it is not, as far as is known. */
  payloadOf(endpoint: string, id: string): Uint8Array | undefined;
}

export interface PresenceOptions {
  texts: BatchTexts;
  reader: DeliveryReader;
}

/** Makes the record, of one endpoint at a time. Archives have the deliveries of an endpoint one after another. */
export function createPresence(disk: Disk, root: string, { texts, reader }: PresenceOptions): Presence {
  let current: { endpoint: string; slots: Map<string, Slot> } | undefined;

  function slotsOf(endpoint: string): Map<string, Slot> {
    if (current?.endpoint === endpoint) return current.slots;
    const slots = new Map<string, Slot>();
    current = { endpoint, slots };
    for (const all of [queuedSlots(disk, root, { endpoint, texts }), retrySlots(disk, root, endpoint)])
      for (const slot of all) {
        if (slots.size >= maxSlots) return slots;
        if (slot.id !== undefined) slots.set(slot.id, slot);
      }
    return slots;
  }

  return {
    payloadOf(endpoint, id) {
      const slot = slotsOf(endpoint).get(id);
      const found = slot && readableOr(undefined, () => reader.read(slot));
      return found?.kind === 'read' ? found.event.payload : undefined;
    },
  };
}

/** What is in a delivery: its file, its line of a batch, or what an intake has just read. */
import type { Event, EventHeader } from '../../../event/event.js';
import { checkLine } from '../../../event/payload.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import type { BatchText } from '../batch/batch-text.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import { acceptedAt, headerOf } from '../batch/delivery-file.js';
import { createLinkedEvents } from '../batch/linked-events.js';
import type { Disk } from '../disk/disk.js';
import { type EntryStat, readEntry } from '../disk/read-entry.js';
import type { Member, Slot } from '../queue/slot.js';
import type { RecentEvents } from './recent-events.js';

/** A delivery's event, or why there is none. */
export type Reading =
  | { kind: 'read'; event: Event; acceptedAt: number }
  | { kind: 'gone' }
  /** `line`: the bytes of the one line of a batch that is no good; otherwise it is the whole file. */
  | { kind: 'unreadable'; reason: string; line?: Uint8Array };

export interface DeliveryReader {
  /** @throws the errno of an error that may pass */
  read(slot: Slot): Reading;
}

/** @param options.recent events that an intake has just read; `now` in ms since the epoch */
export function createDeliveryReader(
  disk: Disk,
  root: string,
  { texts, recent, now }: { texts: BatchTexts; recent: RecentEvents; now(): number },
): DeliveryReader {
  const linked = createLinkedEvents(disk);
  /** The headers of batches that are open, with what their events have in common. */
  const headers = new WeakMap<BatchText, EventHeader>();

  function headerIn(text: BatchText, batchId: string): EventHeader | undefined {
    const known = headers.get(text);
    if (known !== undefined || !text.header.ok) return known;
    const header = headerOf(text.header, { id: batchId, stat: text.stat });
    headers.set(text, header);
    return header;
  }

  function eventOf(event: Event, stat: EntryStat): Reading {
    return { kind: 'read', event, acceptedAt: acceptedAt({ id: event.id, stat, now: now() }) };
  }

  function readMember(slot: Slot, { index, place }: Member): Reading {
    const batchId = slot.name.slice(0, slot.name.lastIndexOf('_'));
    const opened = texts.open(`${root}/${slot.directory}/${batchId}.jsonl`);
    if (opened.kind !== 'open') return opened;
    const { text } = opened;
    const header = headerIn(text, batchId);
    if (header === undefined) return { kind: 'unreadable', reason: text.header.ok ? '' : text.header.reason };
    // In another file that was put in its place, it is elsewhere.
    const offset = place?.ino === text.stat.ino ? place.offset : text.offsetOf(index);
    const line = offset === undefined ? undefined : text.lineAt(offset);
    const checked = line && checkLine(line.bytes);
    if (line === undefined || checked === undefined)
      return { kind: 'unreadable', reason: `it ends before its event ${index + 1}` };
    if (!checked.ok) return { kind: 'unreadable', reason: checked.reason, line: line.bytes };
    return eventOf({ ...header, id: slot.name, payload: checked.payload }, text.stat);
  }

  function readFile(slot: Slot): Reading {
    const path = `${root}/${slot.directory}/${slot.name}`;
    const known = linked.find(path);
    if (known !== undefined && slot.id !== undefined) {
      const header = headerOf(known.parsed, { id: slot.id, stat: known.stat });
      return eventOf({ ...header, payload: known.parsed.payload }, known.stat);
    }
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind !== 'read') return found;
    const parsed = parseEvent(found.bytes);
    if (!parsed.ok) return { kind: 'unreadable', reason: parsed.reason };
    linked.keep({ parsed, stat: found.stat });
    if (slot.id === undefined) return { kind: 'unreadable', reason: 'its name is not that of a delivery' };
    const header = headerOf(parsed, { id: slot.id, stat: found.stat });
    return eventOf({ ...header, payload: parsed.payload }, found.stat);
  }

  return {
    read(slot) {
      if (slot.member !== undefined) return readMember(slot, slot.member);
      const kept = recent.take(slot);
      return kept === undefined ? readFile(slot) : eventOf(kept.event, kept.stat);
    },
  };
}

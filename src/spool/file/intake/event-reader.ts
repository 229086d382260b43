/** Reads single events of `incoming/`, and gives each its id for a name. */
import { isGeneratedId } from '../../../event/event-id.js';
import { maxEventFileBytes, parseEvent } from '../../../event/record.js';
import { monotonicMs } from '../../../shared/monotonic.js';
import { headerOf } from '../batch/delivery-file.js';
import type { Disk } from '../disk/disk.js';
import { readEntry } from '../disk/read-entry.js';
import type { Stillness } from '../disk/stillness.js';
import { claimName } from '../incoming/claim-name.js';
import type { InboxDeliveries } from '../incoming/inbox-deliveries.js';
import type { Listing } from '../incoming/listing.js';
import { noteLate } from '../incoming/note-late.js';
import { entryOf, maxStepEntries, maxStepMs, postpone, type StayingEntries, type Step } from './step.js';
import type { UnusableEntries } from './unusable-entries.js';

/** Maximum total size of the events that one step reads, in bytes; it may exceed this by one event. */
const maxStepBytes = 16 << 20;

export interface ReaderOptions {
  listing: Listing;
  stillness: Stillness;
  staying: StayingEntries;
  unusable: UnusableEntries;
  inbox: InboxDeliveries;
  /** ms since the epoch. */
  now(): number;
  /** Makes up an id. */
  nextId(): string;
}

/** Makes a function that reads the next single events into a step. @throws from it: what is no error of an entry */
export function createEventReader(disk: Disk, root: string, options: ReaderOptions): (step: Step) => void {
  const incoming = `${root}/incoming`;
  const { listing, stillness, staying, unusable, inbox, now, nextId } = options;

  function readOne(name: string, step: Step): undefined {
    const path = `${incoming}/${name}`;
    if (!stillness.isDue(name, path)) return;
    const startedAt = monotonicMs();
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind === 'gone') return;
    if (found.kind === 'unreadable') return unusable.quarantine(step, { path, reason: found.reason });
    if (!name.endsWith('.json'))
      return unusable.quarantine(step, { path, reason: "its name does not end in '.json' or '.jsonl'" });
    const parsed = parseEvent(found.bytes);
    if (!parsed.ok)
      return unusable.quarantine(step, { path, reason: parsed.reason, readMs: monotonicMs() - startedAt });
    stillness.forget(name);
    const id = claimId(step, { name, given: parsed.id });
    if (id === undefined) return;
    const { bytes } = found;
    const claimed = `${incoming}/${id}.json`;
    const stat = noteLate(disk, claimed, { id, stat: found.stat, now: now() });
    const event = { ...headerOf(parsed, { id, stat }), payload: parsed.payload };
    step.entries.push(entryOf({ path: claimed, bytes, stat, event }));
    step.bytes += bytes.length;
  }

  /** Gives the entry its id for a name; undefined where it must wait for that name. */
  function claimId(
    step: Step,
    { name, given }: { name: string; given: string | undefined },
  ): string | undefined {
    const stem = name.slice(0, -'.json'.length);
    const chosen = given ?? (isGeneratedId(stem) ? stem : undefined);
    const id = chosen ?? nextId();
    if (id === stem) return id;
    const to = `${incoming}/${id}.json`;
    if (claimName(disk, `${incoming}/${name}`, { to, isNew: chosen === undefined }) === 'claimed') {
      step.isRenamed = true;
      return id;
    }
    if (inbox.find(`${id}.json`) === undefined) staying.postponed.keepTaken(name, { id, by: `${id}.json` });
    else staying.changing.keepBehindSent(name, id);
    return undefined;
  }

  return (step) => {
    listing.setHalfChecked(false);
    const deadline = now() + maxStepMs;
    const batch = listing.batch();
    let read = 0;
    for (const name of listing.events(maxStepEntries)) {
      const isBatchNext = batch !== undefined && batch < name;
      if (read > 0 && (step.bytes >= maxStepBytes || isBatchNext || now() >= deadline)) break;
      try {
        readOne(name, step);
      } catch (error) {
        postpone(staying, { step, name, error });
      }
      read += 1;
    }
    listing.dropEvents(read);
  };
}

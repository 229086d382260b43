/**
 * A batch becomes one file an event, each durable in `incoming/` under
 * `<batch id>_<n>`, before the batch itself goes. Events of a batch whose file
 * is still there are never taken in, so that splitting it again after a crash
 * changes nothing.
 */
import { setImmediate } from 'node:timers/promises';
import type { EventHeader } from '../../event/event.js';
import { batchMemberId, createEventId, isGeneratedId } from '../../event/event-id.js';
import {
  eventToBytes,
  maxBatchFileBytes,
  maxEventFileBytes,
  parseBatch,
  parseEvent,
} from '../../event/record.js';
import { headerOf } from './delivery-file.js';
import type { Disk } from './disk.js';
import { privateFile } from './layout.js';
import { readEntry } from './read-entry.js';
import { sameEvent } from './same-event.js';
import { closeQuietly, discard, syncDirectory, writeDurably } from './write-file.js';

export type Split = { ok: true } | { ok: false; name: string; reason: string };

const yieldEvery = 32;

/** @throws the errno of what failed; the batch is then still there */
export async function splitBatch(
  disk: Disk,
  root: string,
  { name, now, random }: { name: string; now: number; random(): Uint8Array },
): Promise<Split> {
  const incoming = `${root}/incoming`;
  const found = readEntry(disk, `${incoming}/${name}`, { maxBytes: maxBatchFileBytes });
  if (found.kind === 'gone') return { ok: true };
  if (found.kind === 'unreadable') return { ok: false, name, reason: found.reason };
  const parsed = parseBatch(found.bytes);
  if (!parsed.ok) return { ok: false, name, reason: parsed.reason };
  const stem = name.slice(0, -'.jsonl'.length);
  const id = parsed.id ?? (isGeneratedId(stem) ? stem : createEventId(now, random()));
  const named = `${id}.jsonl`;
  if (named !== name) {
    // The id must be settled before any of its events is: a crash must not give them others.
    if (disk.lstatSync(`${incoming}/${named}`, { throwIfNoEntry: false })) {
      return { ok: false, name, reason: `another batch with the id ${id} is waiting` };
    }
    disk.renameSync(`${incoming}/${name}`, `${incoming}/${named}`);
    syncDirectory(disk, incoming);
  }
  const header = headerOf(parsed, { id, stat: found.stat });
  const taken = findTaken(disk, incoming, { header, payloads: parsed.payloads });
  if (taken !== undefined)
    return { ok: false, name: named, reason: `another event with the id ${taken} is waiting` };
  for (const [index, payload] of parsed.payloads.entries()) {
    const member = batchMemberId(id, index + 1);
    const temporary = `${root}/tmp/${member}.split`;
    discard(disk, temporary);
    const bytes = eventToBytes({ ...header, id: member, payload });
    closeQuietly(disk, writeDurably(disk, temporary, { bytes, mode: privateFile }));
    disk.renameSync(temporary, `${incoming}/${member}.json`);
    if (index % yieldEvery === 0) await setImmediate(); // answers in flight are not kept waiting
  }
  syncDirectory(disk, incoming);
  disk.unlinkSync(`${incoming}/${named}`);
  syncDirectory(disk, incoming);
  return { ok: true };
}

/** An id of the batch that another event has, if any: that one must not be overwritten. */
function findTaken(
  disk: Disk,
  incoming: string,
  { header, payloads }: { header: EventHeader; payloads: readonly Uint8Array[] },
): string | undefined {
  return payloads
    .map((payload, index) => ({ ...header, id: batchMemberId(header.id, index + 1), payload }))
    .find((event) => {
      const found = readEntry(disk, `${incoming}/${event.id}.json`, { maxBytes: maxEventFileBytes });
      if (found.kind !== 'read') return found.kind === 'unreadable';
      return !sameEvent(parseEvent(found.bytes), parseEvent(eventToBytes(event)));
    })?.id;
}

/**
 * The way into the file spool: one file an event or batch, durable in `incoming/` when it
 * returns. Loads nothing but the file system, so that `fire` starts fast.
 */
import type { Batch, Event } from '../../event/event.js';
import { batchToBytes, eventToBytes, parseBatch, parseEvent } from '../../event/record.js';
import { CapnhookError, errnoOf } from '../../shared/errors.js';
import type { Inbox } from '../spool.js';
import { commit, syncAccepted } from './commit.js';
import { ensureSpool } from './create.js';
import { type Disk, systemDisk } from './disk.js';
import { readEntry } from './read-entry.js';
import { sameBatch, sameEvent } from './same-event.js';
import { spoolError } from './spool-error.js';

export interface FileInboxOptions {
  /** So many random bytes. */
  random(bytes: number): Uint8Array;
  disk?: Disk;
}

/**
 * Where events are accepted: the spool `root`, which is made when it is missing.
 * `enqueue` rejects with CapnhookError `SPOOL_CREATE`, `SPOOL_WRITE`, `TEMPORARY` or `PERMISSION`, and with
 * `BAD_PAYLOAD` if another event is waiting under the chosen id.
 */
export function createFileInbox(root: string, { random, disk = systemDisk }: FileInboxOptions): Inbox {
  return {
    async enqueue(entry, { chosenId = false } = {}) {
      const token = Buffer.from(random(8)).toString('hex');
      ensureSpool(disk, root, { token });
      accept(disk, root, { entry, chosenId, token });
    },
  };
}

function accept(disk: Disk, root: string, { entry, chosenId, token }: Accepting): void {
  const batch = 'payloads' in entry;
  const name = `${entry.id}.${batch ? 'jsonl' : 'json'}`;
  const bytes = batch ? batchToBytes(entry) : eventToBytes(entry);
  try {
    const events = batch ? { events: entry.payloads.length } : {};
    while (commit(disk, root, { name, bytes, chosen: chosenId, token, ...events }) === 'taken') {
      const waiting = compare(disk, root, { name, bytes });
      if (waiting === 'same') return;
      if (waiting === 'other') throw anotherIsWaiting(entry.id);
    }
  } catch (error) {
    throw spoolError(error, { doing: 'queue the event', root, otherwise: 'SPOOL_WRITE' });
  }
}

interface Accepting {
  entry: Event | Batch;
  chosenId: boolean;
  token: string;
}

/**
 * Whether the entry that has the name already is this very one, so that firing
 * it again changes nothing. `gone`: a drain has just taken it in, and the name is free.
 */
function compare(
  disk: Disk,
  root: string,
  { name, bytes }: { name: string; bytes: Uint8Array },
): 'same' | 'other' | 'gone' {
  try {
    const found = readEntry(disk, `${root}/incoming/${name}`, { maxBytes: bytes.length + 1024 });
    if (found.kind !== 'read') return found.kind === 'gone' ? 'gone' : 'other';
    const same = name.endsWith('.jsonl')
      ? sameBatch(parseBatch(found.bytes), parseBatch(bytes))
      : sameEvent(parseEvent(found.bytes), parseEvent(bytes));
    if (same) syncAccepted(disk, root, name);
    return same ? 'same' : 'other';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
}

function anotherIsWaiting(id: string): CapnhookError {
  return new CapnhookError(
    'BAD_PAYLOAD',
    `Cannot queue the event: another one is waiting under the id ${id}`,
    {
      hint: 'Give each event an id of its own, or leave --id out.',
    },
  );
}

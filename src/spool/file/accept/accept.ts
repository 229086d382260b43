/** Accepting an event or a batch; the caller performs the fsyncs. */
import type { Batch, Event } from '../../../event/event.js';
import { batchSize, batchToChunks, eventToBytes, parseBatch, parseEvent } from '../../../event/record.js';
import { CapnhookError, errnoOf } from '../../../shared/errors.js';
import { sameBatch, sameEvent } from '../batch/same-event.js';
import type { Disk } from '../disk/disk.js';
import { readEntry } from '../disk/read-entry.js';
import { spoolError } from '../disk/spool-error.js';
import { commit, type Submission, syncAccepted } from './commit.js';
import type { Steps } from './steps.js';

/** What is to be accepted, and a name for its temporary file, unique. */
export interface Accepting {
  /** Its bytes stay as they are until it is accepted. */
  entry: Event | Batch;
  /** Whether the id was chosen by the user. */
  chosenId: boolean;
  token: string;
}

/** The steps of accepting an event or a batch into the spool `root`, which must be there. @throws CapnhookError */
export function* accept(disk: Disk, root: string, { entry, chosenId, token }: Accepting): Steps<void> {
  const submission = { ...layOut(entry), chosen: chosenId, token };
  try {
    while ((yield* commit(disk, root, submission)) === 'taken') {
      const waiting = yield* compare(disk, root, { ...submission, entry });
      if (waiting === 'same') return;
      if (waiting === 'other') throw anotherIsWaiting(entry.id);
    }
  } catch (error) {
    throw spoolError(error, { doing: 'queue the event', root, otherwise: 'SPOOL_WRITE' });
  }
}

/** Size of the pieces in which a batch is written, in bytes. */
const chunkBytes = 1 << 20;

function layOut(entry: Event | Batch): Pick<Submission, 'name' | 'pieces' | 'size' | 'events'> {
  if (!('payloads' in entry)) {
    const bytes = eventToBytes(entry);
    return { name: `${entry.id}.json`, pieces: () => [bytes], size: bytes.length };
  }
  const size = batchSize(entry);
  const pieces = () => batchToChunks(entry, chunkBytes);
  return { name: `${entry.id}.jsonl`, pieces, size, events: entry.payloads.length };
}

/**
 * Whether the entry that has the name already is this very one, so that firing
 * it again changes nothing. `gone`: a drain has just taken it in, and the name is free.
 */
function* compare(
  disk: Disk,
  root: string,
  { name, size, entry }: { name: string; size: number; entry: Event | Batch },
): Steps<'same' | 'other' | 'gone'> {
  try {
    const found = readEntry(disk, `${root}/incoming/${name}`, { maxBytes: size + 1024 });
    if (found.kind !== 'read') return found.kind === 'gone' ? 'gone' : 'other';
    const same =
      'payloads' in entry
        ? sameBatch(parseBatch(found.bytes), { ok: true, ...entry })
        : sameEvent(parseEvent(found.bytes), { ok: true, ...entry });
    if (same) yield* syncAccepted(disk, root, name);
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

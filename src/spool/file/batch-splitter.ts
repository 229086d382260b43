/**
 * A batch becomes one file an event, each durable in `incoming/` under
 * `<batch id>_<n>`, before the batch itself goes. Events of a batch whose file
 * is still there are never taken in, so that a split can end at any point: the
 * next one goes on where it stopped. A large batch is split a slice at a time.
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
import { linkNew } from './link-new.js';
import { readEntry } from './read-entry.js';
import { sameEvent } from './same-event.js';
import { settleName } from './settle-name.js';
import { lackOf, needOfEvents } from './space.js';
import { closeQuietly, discard, removeIfThere, syncDirectory, writeDurably } from './write-file.js';

/** How much may be done before others get their turn. */
export interface Slice {
  /** Whether there is time left for something of this cost; an event written costs 1. */
  take(cost: number): boolean;
}

/**
 * What a step came to. `more`: call again with the same name. `renamed`: call again with this name. `unfit`: the batch
 * is to be put aside. `later`: nothing can be done just now.
 */
export type SplitStep =
  | { kind: 'done' | 'more' }
  | { kind: 'renamed'; name: string }
  | { kind: 'unfit' | 'later'; reason: string };

export interface BatchSplitter {
  /**
   * Goes on with a batch of `incoming/`, for a slice.
   * @throws the errno of what failed; the batch is then still there
   */
  step(name: string, slice: Slice): Promise<SplitStep>;
}

export interface SplitterOptions {
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** A name for a temporary file, unique. */
  token(): string;
}

/** The one batch that is being split: it stays in memory, so that it need not be read again for each slice. */
interface OpenBatch {
  name: string;
  ino: number;
  header: EventHeader;
  payloads: readonly Uint8Array[];
  /** Events looked for, from the first on. */
  checked: number;
  /** Those that were found there, from an earlier split. */
  there: Set<number>;
  /** Events written, or there already, from the first on. */
  written: number;
  hasRoom: boolean;
}

/** Looking for an event costs so little beside writing it. */
const checkCost = 1 / 16;
const yieldEvery = 32;

export function createBatchSplitter(disk: Disk, root: string, options: SplitterOptions): BatchSplitter {
  const incoming = `${root}/incoming`;
  let batch: OpenBatch | undefined;

  function open(name: string): SplitStep | OpenBatch {
    const found = readEntry(disk, `${incoming}/${name}`, { maxBytes: maxBatchFileBytes });
    if (found.kind === 'gone') return { kind: 'done' };
    if (found.kind === 'unreadable') return { kind: 'unfit', reason: found.reason };
    const parsed = parseBatch(found.bytes);
    if (!parsed.ok) return { kind: 'unfit', reason: parsed.reason };
    const stem = name.slice(0, -'.jsonl'.length);
    const chosen = parsed.id ?? (isGeneratedId(stem) ? stem : undefined);
    const id = chosen ?? createEventId(options.now(), options.random());
    if (`${id}.jsonl` !== name) {
      // The id must be settled before any of its events is: a crash must not give them others.
      const settled = settleName(disk, `${incoming}/${name}`, {
        to: `${incoming}/${id}.jsonl`,
        isNew: chosen === undefined,
      });
      if (settled === 'taken') return { kind: 'unfit', reason: `another batch with the id ${id} is waiting` };
      syncDirectory(disk, incoming);
      return { kind: 'renamed', name: `${id}.jsonl` };
    }
    const header = headerOf(parsed, { id, stat: found.stat });
    const { ino } = found.stat;
    return {
      name,
      ino,
      header,
      payloads: parsed.payloads,
      checked: 0,
      there: new Set(),
      written: 0,
      hasRoom: false,
    };
  }

  /** Whether the file is the one that was opened: somebody may have taken it back, or put another in its place. */
  function isThere({ name, ino }: OpenBatch): boolean {
    return disk.lstatSync(`${incoming}/${name}`, { throwIfNoEntry: false })?.ino === ino;
  }

  async function advance(open: OpenBatch, slice: Slice): Promise<SplitStep> {
    const count = open.payloads.length;
    // All are looked for before the first is written: a batch that cannot be split wholly is left whole.
    for (; open.checked < count; open.checked += 1) {
      if (!slice.take(checkCost)) return { kind: 'more' };
      const place = look(open, open.checked);
      if (place === 'taken') return taken(open, open.checked);
      if (place === 'there') open.there.add(open.checked);
      if (open.checked % (yieldEvery * 16) === 0) await setImmediate();
    }
    if (!open.hasRoom && lacksRoom(open))
      return { kind: 'later', reason: `not enough space to take in its ${count} events` };
    open.hasRoom = true;
    for (; open.written < count; open.written += 1) {
      if (open.there.has(open.written)) continue;
      if (!slice.take(1)) return { kind: 'more' };
      if (!write(open, open.written) && look(open, open.written) !== 'there')
        return taken(open, open.written);
      if (open.written % yieldEvery === 0) await setImmediate(); // answers in flight are not kept waiting
    }
    syncDirectory(disk, incoming);
    if (isThere(open)) removeIfThere(disk, `${incoming}/${open.name}`);
    syncDirectory(disk, incoming);
    return { kind: 'done' };
  }

  /** Event number `index`, from 0. */
  function eventOf({ header, payloads }: OpenBatch, index: number): { path: string; bytes: Uint8Array } {
    const id = batchMemberId(header.id, index + 1);
    const payload = payloads[index] as Uint8Array;
    return { path: `${incoming}/${id}.json`, bytes: eventToBytes({ ...header, id, payload }) };
  }

  /** What stands where an event belongs; `taken`: another event, which must not be overwritten. */
  function look(open: OpenBatch, index: number): 'free' | 'there' | 'taken' {
    const { path, bytes } = eventOf(open, index);
    const found = readEntry(disk, path, { maxBytes: maxEventFileBytes });
    if (found.kind === 'gone') return 'free';
    if (found.kind === 'unreadable') return 'taken';
    return sameEvent(parseEvent(found.bytes), parseEvent(bytes)) ? 'there' : 'taken';
  }

  function taken({ header }: OpenBatch, index: number): SplitStep {
    return {
      kind: 'unfit',
      reason: `another event with the id ${batchMemberId(header.id, index + 1)} is waiting`,
    };
  }

  /** False if somebody took the name since it was looked at. */
  function write(open: OpenBatch, index: number): boolean {
    const { path, bytes } = eventOf(open, index);
    const temporary = `${root}/tmp/${options.token()}`;
    closeQuietly(disk, writeDurably(disk, temporary, { bytes, mode: privateFile }));
    try {
      return linkNew(disk, temporary, path);
    } finally {
      discard(disk, temporary);
    }
  }

  /** Half a batch would fill the disk and still not be taken in: then nothing could be any more. */
  function lacksRoom(open: OpenBatch): boolean {
    const missing = open.payloads.filter((_payload, index) => !open.there.has(index));
    const empty = eventToBytes({ ...open.header, payload: new Uint8Array() });
    const payloadBytes = missing.reduce((sum, { length }) => sum + length, 0);
    const need = needOfEvents({ count: missing.length, headerBytes: empty.length, payloadBytes });
    return missing.length > 0 && lackOf(disk, root, need) !== undefined;
  }

  return {
    async step(name, slice) {
      const known = batch?.name === name && isThere(batch) ? batch : undefined;
      batch = undefined; // whatever fails or ends, its bytes need not be kept
      const opened = known ?? open(name);
      if ('kind' in opened) return opened;
      const result = await advance(opened, slice);
      if (result.kind === 'more') batch = opened;
      return result;
    },
  };
}

/** Where the deliveries of a segment come from, in order: its files, or the events of its batch. */
import { readProgress } from '../batch/batch-progress.js';
import { type BatchText, isBlank } from '../batch/batch-text.js';
import type { BatchTexts } from '../batch/batch-texts.js';
import { type BatchFiles, batchFilesOf } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { parseQueueName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { checkWritable } from '../disk/read-entry.js';
import { checkRemovable } from '../disk/write-file.js';
import type { Slot } from './slot.js';

/** The deliveries of a segment that were not handed out yet. */
export interface SegmentSource {
  segment: string;
  /** Whether nothing is ever added to it. */
  isBatch: boolean;
  next(): Slot | undefined;
  hasMore(): boolean;
  /** A file was added. */
  added(name: string): void;
  /** How much is in memory, in names. */
  held(): number;
}

export interface SourceOptions {
  /** The segment's directory below the spool. */
  directory: string;
  segment: string;
  texts: BatchTexts;
  /** How many names may be held. */
  window(): number;
  /** The names of those that were handed out, or came back. */
  taken(): ReadonlySet<string>;
  /** Told, whenever it is known, how many there are beside those. */
  onFree(count: number): void;
}

/** Memory of a name, in bytes. */
const bytesOfName = 64;

/** @throws, and so does `next`: the errno of what cannot be read; then nothing has changed */
export function openSegment(disk: Disk, root: string, options: SourceOptions): SegmentSource {
  checkRemovable(disk, `${root}/${options.directory}`);
  const batch = batchFilesOf(`${root}/${options.directory}`);
  return batch === undefined ? filesOf(disk, root, options) : eventsOf(disk, batch, options);
}

/** A part of the names is in memory; the directory is listed again when they are used up. */
function filesOf(disk: Disk, root: string, options: SourceOptions): SegmentSource {
  const { directory, segment, window, taken, onFree } = options;
  let names: string[] = [];
  let next = 0;
  /** Whether there are more than `names`. */
  let isPart = true;

  function list(): void {
    const gone = taken();
    const free = listNames(disk, `${root}/${directory}`).filter((name) => !gone.has(name));
    onFree(free.length);
    names = free.sort().slice(0, window());
    next = 0;
    isPart = names.length < free.length;
  }

  list();
  return {
    segment,
    isBatch: false,
    next() {
      if (next >= names.length && isPart) list();
      const name = names[next];
      if (name === undefined) return undefined;
      next += 1;
      return { room: 'queue', directory, name, attempts: 0, id: parseQueueName(name) };
    },
    hasMore: () => next < names.length || isPart,
    added(name) {
      if (isPart || names.length - next >= window()) isPart = true;
      else names.push(name);
    },
    held: () => names.length - next,
  };
}

/** The batch stays in its file, and is read as its events are handed out. */
function eventsOf(disk: Disk, batch: BatchFiles, options: SourceOptions): SegmentSource {
  const { directory, segment, texts, onFree } = options;
  checkWritable(disk, batch.progress); // or what is delivered could not be noted, and would be sent in every drain
  const isThere = disk.lstatSync(batch.text, { throwIfNoEntry: false }) !== undefined;
  const count = isThere ? batch.count : 0;
  const progress = readProgress(disk, batch.progress, count);
  /** What was handed out before comes no more: events are handed out in order. */
  const taken = new Set(options.taken());
  onFree(isThere ? progress.owed - taken.size : 0);
  /** The event that is handed out next. */
  let index = -1;
  /** Where the line of that event, or blank lines before it, begin in a text; undefined where that must be looked for. */
  let place: { text: BatchText; offset: number } | undefined;

  function nameOf(event: number): string {
    return `${batch.id}_${event + 1}`;
  }

  function isTaken(event: number): boolean {
    return taken.size > 0 && taken.has(nameOf(event));
  }

  /** Goes on to the next event that nobody has; its line begins at `end` if it is the very next one. */
  function goOn(end?: typeof place): void {
    const before = index;
    do index += 1;
    while (index < count && (progress.isSettled(index) || isTaken(index)));
    place = index === before + 1 ? end : undefined;
  }

  /** The line of the event, if it is there. */
  function lineOf(text: BatchText): { offset: number; end: number } | undefined {
    let offset = place?.text === text ? place.offset : text.offsetOf(index);
    let line = offset === undefined ? undefined : text.lineAt(offset);
    while (line !== undefined && isBlank(line)) {
      offset = line.end;
      line = text.lineAt(offset);
    }
    return offset === undefined || line === undefined ? undefined : { offset, end: line.end };
  }

  goOn();
  return {
    segment,
    isBatch: true,
    next() {
      if (index >= count) return undefined;
      const opened = texts.open(batch.text);
      if (opened.kind === 'gone') {
        index = count;
        onFree(0);
        return undefined;
      }
      // What cannot be read is handed out all the same: its reader quarantines it.
      const text = opened.kind === 'open' ? opened.text : undefined;
      const line = text && lineOf(text);
      if (line !== undefined) text?.note(index, line.offset);
      const name = nameOf(index);
      const at = text && line && { offset: line.offset, ino: text.stat.ino };
      const member = { index, place: at };
      goOn(text && line && { text, offset: line.end });
      return { room: 'queue', directory, name, attempts: 0, id: name, member };
    },
    hasMore: () => index < count,
    added() {},
    held: () => Math.ceil(progress.size / bytesOfName),
  };
}

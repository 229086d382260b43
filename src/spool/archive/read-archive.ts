/** Reading an archive as it comes, in pieces of any size. What it says is checked: some of it becomes part of a path. */
import { parseTime } from '../../event/event-time.js';
import { maxEventFileBytes, parseEvent } from '../../event/record.js';
import { entryStates } from '../inspection.js';
import { type ArchivedState, type ArchiveEntry, archiveVersion, maxLineBytes } from './archive-entry.js';
import { createByteQueue } from './byte-queue.js';

/** Reads an archive. */
export interface ArchiveReader {
  /** The entries that are whole with these bytes. @throws {ArchiveProblem} for what is not an archive */
  push(bytes: Uint8Array): Iterable<ArchiveEntry>;
  /** No more bytes come. @throws {ArchiveProblem} where something is missing */
  end(): void;
  /** How many entries were read. */
  entries(): number;
}

/** Why an archive cannot be read: the message is a clause for a person. */
export class ArchiveProblem extends Error {
  override readonly name = 'ArchiveProblem';
}

/** The line about an event, checked. */
interface EntryLine extends Omit<ArchiveEntry, 'event'> {
  bytes: number;
}

/** Makes a reader of one archive. */
export function createArchiveReader(): ArchiveReader {
  const queue = createByteQueue();
  let state: 'header' | 'entries' | 'ended' = 'header';
  let entries = 0;
  let line: EntryLine | undefined;

  function where(): string {
    return `entry ${entries + 1}`;
  }

  function takeLine(): Record<string, unknown> | undefined {
    const bytes = queue.takeLine();
    if (bytes === undefined) {
      if (queue.size() > maxLineBytes) throw new ArchiveProblem(`${where()}: a line is too long`);
      return undefined;
    }
    if (bytes.length > maxLineBytes) throw new ArchiveProblem(`${where()}: a line is too long`);
    return parseLine(bytes, state === 'header' ? undefined : where());
  }

  function readEvent(about: EntryLine): ArchiveEntry | undefined {
    const bytes = queue.take(about.bytes);
    if (bytes === undefined) return undefined;
    const parsed = parseEvent(bytes);
    if (!parsed.ok) throw new ArchiveProblem(`${where()}: its event cannot be used: ${parsed.reason}`);
    const { id, hook, to, time, payload } = parsed;
    if (id === undefined || time === undefined)
      throw new ArchiveProblem(`${where()}: its event has no ${id === undefined ? 'id' : 'time'}`);
    const { bytes: _, ...entry } = about;
    return { ...entry, event: { id, hook, to, time, payload } };
  }

  /** @returns an entry; undefined where more bytes are needed */
  function next(): ArchiveEntry | undefined {
    for (;;) {
      if (line !== undefined) {
        const entry = readEvent(line);
        if (entry === undefined) return undefined;
        line = undefined;
        entries += 1;
        return entry;
      }
      if (state === 'ended') {
        if (queue.size() > 0) throw new ArchiveProblem('something comes after its end');
        return undefined;
      }
      const value = takeLine();
      if (value === undefined) return undefined;
      if (state === 'header') {
        checkHeader(value);
        state = 'entries';
      } else if (value.end === true) {
        if (value.entries !== entries)
          throw new ArchiveProblem(
            `it has ${entries} entries, and says that it has ${String(value.entries)}`,
          );
        state = 'ended';
      } else line = entryLine(value, where());
    }
  }

  return {
    *push(bytes) {
      queue.add(bytes);
      for (let entry = next(); entry !== undefined; entry = next()) yield entry;
    },
    end() {
      if (state !== 'ended')
        throw new ArchiveProblem(
          state === 'header' && queue.size() === 0
            ? 'it is empty'
            : `it ends in the middle, after ${entries === 1 ? '1 entry' : `${entries} entries`}`,
        );
    },
    entries: () => entries,
  };
}

function parseLine(bytes: Buffer, where: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new ArchiveProblem(
    where === undefined ? 'it is not an archive of capnhook export' : `${where}: a line is not a JSON object`,
  );
}

function checkHeader({ archive }: Record<string, unknown>): void {
  if (archive === archiveVersion) return;
  throw new ArchiveProblem(
    typeof archive === 'number'
      ? 'it has a newer format; a newer capnhook can read it'
      : 'it is not an archive of capnhook export',
  );
}

/** The name of a directory that is an endpoint's. */
const endpointId = /^[A-Za-z0-9_][A-Za-z0-9._~-]{0,127}$/;

/** Maximum number of attempts: nine digits in the name of a retry. */
const maxAttempts = 999_999_999;

const states: readonly string[] = entryStates.filter((state) => state !== 'sent');

function entryLine(value: Record<string, unknown>, where: string): EntryLine {
  const { state, endpoint, attempts, accepted, due, why, place, bytes } = value;
  const check = (isGood: boolean, what: string): void => {
    if (!isGood) throw new ArchiveProblem(`${where}: its ${what} cannot be used`);
  };
  check(typeof state === 'string' && states.includes(state), 'state');
  const hasEndpoint = state === 'queued' || state === 'retry';
  check(
    endpoint === undefined ? !hasEndpoint : typeof endpoint === 'string' && endpointId.test(endpoint),
    'endpoint',
  );
  check(endpoint === undefined || hasEndpoint || state === 'dead', 'endpoint');
  check(isCount(attempts, 0, maxAttempts), 'number of attempts');
  check(isCount(bytes, 1, maxEventFileBytes), 'size');
  check(place === undefined || typeof place === 'string', 'place');
  check(why === undefined || (typeof why === 'object' && why !== null && !Array.isArray(why)), 'reason');
  const acceptedAt = timeOf(accepted);
  const dueMs = due === undefined ? undefined : timeOf(due);
  check(acceptedAt !== undefined, 'time');
  check(due === undefined || dueMs !== undefined, 'time');
  return {
    state: state as ArchivedState,
    endpoint: endpoint as string | undefined,
    attempts: attempts as number,
    acceptedAt: acceptedAt!,
    dueMs,
    why: why as ArchiveEntry['why'],
    place: place as string | undefined,
    bytes: bytes as number,
  };
}

function isCount(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function timeOf(text: unknown): number | undefined {
  const time = typeof text === 'string' ? parseTime(text) : undefined;
  return time === undefined ? undefined : Math.max(Date.parse(time), 0);
}

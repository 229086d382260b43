/**
 * How much room kept answers take in all, and the end of the oldest ones.
 * `answers/kept.log` has a line for each file with an answer, in the order in
 * which they were written; losing it forgets how much there is, nothing else.
 */
import { errnoOf, ignoreErrno } from '../../../shared/errors.js';
import { type Disk, O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { readEntry } from '../disk/read-entry.js';
import { closeQuietly, discard, writeAll, writeWhole } from '../disk/write-file.js';

/** Maximum room for kept answers, in bytes. */
const defaultMaxBytes = 64 * 2 ** 20;

/** The oldest ones go until no more than this share of the room is taken, so that this is rare. */
const shareLeft = 7 / 8;

/** A file takes up at least a block, in bytes. */
const blockBytes = 4096;

const maxLogBytes = 16 * 2 ** 20;

export interface KeptAnswers {
  /** A file with an answer was written. @param path below the spool */
  add(path: string, bytes: number): void;
}

/**
 * @param token names a temporary file, uniquely
 * @param options.maxBytes maximum room for kept answers; default 64 MiB
 */
export function createKeptAnswers(
  disk: Disk,
  root: string,
  token: () => string,
  { maxBytes = defaultMaxBytes }: { maxBytes?: number } = {},
): KeptAnswers {
  const log = `${root}/answers/kept.log`;
  /** Bytes in all, from when it is first needed. */
  let total: number | undefined;

  function append(line: string): void {
    const fd = disk.openSync(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, privateFile);
    try {
      writeAll(disk, fd, Buffer.from(line));
    } finally {
      closeQuietly(disk, fd);
    }
  }

  function evict(): void {
    let left = 0;
    const present = readLog(disk, log).filter(({ path }) => isThere(disk, `${root}/${path}`));
    for (const { bytes } of present) left += bytes;
    let oldest = 0;
    for (; left > shareLeft * maxBytes && oldest < present.length; oldest += 1) {
      const { path, bytes } = present[oldest]!;
      remove(disk, root, { path, token });
      left -= bytes;
    }
    const lines = present.slice(oldest).map(lineOf).join('');
    const temporary = `${root}/tmp/${token()}`;
    writeWhole(disk, temporary, { bytes: Buffer.from(lines), mode: privateFile });
    disk.renameSync(temporary, log);
    total = left;
  }

  return {
    add(path, bytes) {
      const entry = { path, bytes: Math.ceil(bytes / blockBytes) * blockBytes };
      try {
        total ??= readLog(disk, log).reduce((sum, each) => sum + each.bytes, 0);
        append(lineOf(entry));
        total += entry.bytes;
        if (total > maxBytes) evict();
      } catch (error) {
        ignoreErrno(error); // evidence only
      }
    },
  };
}

interface Entry {
  path: string;
  bytes: number;
}

function lineOf({ path, bytes }: Entry): string {
  return `${bytes} ${path}\n`;
}

/** Each file once, the one that was written last at the end. */
function readLog(disk: Disk, path: string): Entry[] {
  const found = readEntry(disk, path, { maxBytes: maxLogBytes });
  if (found.kind !== 'read') return [];
  const entries = new Map<string, Entry>();
  for (const line of found.bytes.toString('utf8').split('\n')) {
    const match = /^(\d{1,9}) ((?:answers|dead)\/[^/]+(?:\/[^/]+)?\.json)$/.exec(line);
    if (match === null) continue; // torn by a crash
    const [, bytes, file] = match;
    entries.delete(file!);
    entries.set(file!, { path: file!, bytes: Number(bytes) });
  }
  return [...entries.values()];
}

function isThere(disk: Disk, path: string): boolean {
  return disk.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Removes an answer. A file in `dead/` stays, and says all but the answer's text. */
function remove(disk: Disk, root: string, { path, token }: { path: string; token: () => string }): void {
  if (path.startsWith('dead/')) shorten(disk, `${root}/${path}`, `${root}/tmp/${token()}`);
  else discard(disk, `${root}/${path}`);
}

function shorten(disk: Disk, path: string, temporary: string): void {
  const found = readEntry(disk, path, { maxBytes: maxLogBytes });
  const text = found.kind === 'read' ? withoutBody(found.bytes.toString('utf8')) : undefined;
  if (text === undefined) return;
  try {
    writeWhole(disk, temporary, { bytes: Buffer.from(text), mode: privateFile });
    disk.renameSync(temporary, path);
  } catch (error) {
    discard(disk, temporary);
    if (errnoOf(error) === undefined) throw error;
  }
}

function withoutBody(text: string): string | undefined {
  try {
    const why = JSON.parse(text) as { answer?: { body?: string } };
    if (why.answer?.body === undefined) return undefined;
    delete why.answer.body;
    return `${JSON.stringify(why)}\n`;
  } catch {
    return undefined; // not written by capnhook
  }
}

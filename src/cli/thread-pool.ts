/**
 * How many threads libuv may have. It makes all of them at their first use, and
 * aborts the process where one cannot be made: so the size depends on what this
 * process may have.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Limits of this process; Infinity for none. */
export interface Limits {
  /** Threads and processes that can still be made. */
  threads: number;
  /** Address space, in bytes (`ulimit -v`). */
  addressBytes: number;
}

/** Threads where nothing is scarce: many fsyncs then share a commit of the file system. */
const plenty = 64;

/** Threads that are left to others: the compiler's, and the processes that a drain starts. */
const reserve = 12;

/** Address space that a thread may take, with its stack and its arena of the allocator, in bytes. */
const bytesPerThread = 256 * 2 ** 20;

/** A limit above this is taken to be plenty, and the processes are not counted. */
const fewProcesses = 8_192;

/** Threads for libuv; 0 if it cannot have a single one. */
export function threadPoolSize({ threads, addressBytes }: Limits): number {
  if (threads < 1) return 0;
  const byThreads = Math.floor((threads - reserve) / 2);
  const byBytes = Math.floor(addressBytes / bytesPerThread) - 4;
  return Math.max(Math.min(plenty, byThreads, byBytes), 1);
}

/** Reads the limits of this process. What cannot be read is taken for no limit. */
export function readLimits(): Limits {
  const limits = read('/proc/self/limits');
  const addressBytes = limitIn(limits, 'Max address space');
  return { addressBytes, threads: Math.min(leftOfUser(limitIn(limits, 'Max processes')), leftOfCgroup()) };
}

/** A soft limit of `/proc/self/limits`. */
export function limitIn(text: string, name: string): number {
  const found = new RegExp(`^${name} +(\\d+)`, 'm').exec(text)?.[1];
  return found === undefined ? Infinity : Number(found);
}

/** `ulimit -u` counts the threads of all processes of a user, and does not bind root. */
function leftOfUser(limit: number): number {
  const uid = process.getuid?.() ?? 0;
  if (limit > fewProcesses || uid === 0) return Infinity;
  let threads = 0;
  for (const name of names('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = read(`/proc/${name}/status`);
    if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) !== uid) continue;
    threads += Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return limit - threads;
}

/** The limit of a container or a systemd unit (`pids.max`), of this group and those above it. */
function leftOfCgroup(): number {
  let left = Infinity;
  for (const line of read('/proc/self/cgroup').split('\n')) {
    const [, controllers = '', path = ''] = line.split(':');
    if (controllers !== '' && controllers !== 'pids') continue;
    const root = controllers === '' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
    for (let at = path; ; at = at.slice(0, Math.max(at.lastIndexOf('/'), 0))) {
      left = Math.min(left, leftOfGroup(`${root}${at}`));
      if (at === '' || at === '/') break;
    }
  }
  return left;
}

function leftOfGroup(directory: string): number {
  const max = Number.parseInt(read(`${directory}/pids.max`), 10);
  if (Number.isNaN(max)) return Infinity; // `max`, or there is no such file
  const current = Number.parseInt(read(`${directory}/pids.current`), 10);
  return current >= 0 ? max - current : Infinity;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // no such limit here, or a process that has just ended
  }
}

function names(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/**
 * The size of libuv's thread pool. Libuv creates all threads on first use, and
 * aborts the process if it cannot create one, so the size depends on the limits of
 * this process.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Limits of this process; Infinity for none. */
export interface Limits {
  /** Threads and processes that can still be created. */
  threads: number;
  /** Address space, in bytes (`ulimit -v`). */
  addressBytes: number;
}

/** Number of threads without scarcity: many concurrent fsyncs share a commit of the file system. */
const plenty = 64;

/** Threads left for V8's compiler and for processes that a drain starts. */
const reserve = 12;

/** Address space of a thread, with its stack and its allocator arena, in bytes. */
const bytesPerThread = 256 * 2 ** 20;

/** Limits of processes above this are not checked. */
const fewProcesses = 8_192;

/** Number of threads for libuv; 0 if not even one can be created. */
export function threadPoolSize({ threads, addressBytes }: Limits): number {
  if (threads < 1) return 0;
  const byThreads = Math.floor((threads - reserve) / 2);
  const byBytes = Math.floor(addressBytes / bytesPerThread) - 4;
  return Math.max(Math.min(plenty, byThreads, byBytes), 1);
}

/** Reads the limits of this process. An unreadable limit counts as none. */
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

/** Telling one process from another that later got the same number. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process on a machine, between two boots. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** The boot's id; only where the kernel tells (Linux). */
  boot?: string;
  /** When the process started, in the kernel's ticks; only where it tells (Linux). */
  start?: string;
}

/** Ourselves. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid);
}

/** A process of this machine that runs now. */
export function identityOf(pid: number): ProcessIdentity {
  return { host: hostname(), pid, boot: bootId(), start: startOf(pid) };
}

/** Whether the process runs; `unknown` if it is another machine's. */
export function isAlive(identity: ProcessIdentity): boolean | 'unknown' {
  if (identity.host !== hostname()) return 'unknown';
  if (identity.boot !== undefined && identity.boot !== bootId()) return false;
  if (identity.start !== undefined) return identity.start === startOf(identity.pid);
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function bootId(): string | undefined {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim();
}

/** Field 22 of proc_pid_stat(5); the name before it may hold spaces and parentheses. */
function startOf(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not looked yet.
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no /proc here, or no such process
  }
}

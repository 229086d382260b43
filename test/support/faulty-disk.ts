import type { Dir } from 'node:fs';
import { closeSync } from 'node:fs';
import { type Disk, systemDisk } from '../../src/spool/file/disk/disk.js';

/** A call on the disk; reading and closing a listing are calls too. */
export interface DiskCall {
  name: keyof Disk | 'dirReadSync' | 'dirCloseSync';
  /** From 1. */
  nth: number;
  args: readonly unknown[];
}

/**
 * Says what a call is to fail with, or undefined to let it through: an errno,
 * `SHORT` (a write writes one byte only), `ZERO` (a write writes nothing) or
 * `KILL` (the process ends: this call and all later ones do nothing).
 */
export type Fault = (call: DiskCall) => string | undefined;

export interface FaultyDisk {
  disk: Disk;
  /** Calls so far. */
  calls(): number;
  /** Calls that were made to fail. */
  failed: readonly DiskCall[];
  /** Closes what a killed process would have had closed for it. */
  closeAll(): void;
}

/** What ends a process that is killed; no errno, so nothing may swallow it. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** The real file system, some of whose calls fail. */
export function faultyDisk(fault: Fault): FaultyDisk {
  let nth = 0;
  let killed = false;
  const failed: DiskCall[] = [];
  const open = new Set<number>();

  function run(
    name: DiskCall['name'],
    args: readonly unknown[],
    method: (...args: never[]) => unknown,
  ): unknown {
    nth += 1;
    const call = { name, nth, args };
    const failure = killed ? 'KILL' : fault(call);
    if (failure === undefined) return method(...(args as never[]));
    const isWrite = name === 'writeSync';
    if (failure === 'SHORT' || failure === 'ZERO') {
      if (isWrite && failure === 'ZERO') return 0;
      return method(...((isWrite ? [args[0], args[1], args[2], 1, args[4]] : args) as never[]));
    }
    failed.push(call);
    killed ||= failure === 'KILL';
    if (killed) throw new Killed(`killed at ${name}`);
    if (name === 'closeSync') method(...(args as never[])); // close(2) closes even where it fails
    throw Object.assign(new Error(`${failure}: made to fail, ${name}`), { code: failure });
  }

  function wrap(name: keyof Disk): unknown {
    const method = systemDisk[name] as (...args: never[]) => unknown;
    return (...args: unknown[]) => {
      if (name === 'closeSync' && !killed) open.delete(args[0] as number);
      const result = run(name, args, method);
      if (name === 'openSync') open.add(result as number);
      return name === 'opendirSync' ? wrapListing(result as Dir) : result;
    };
  }

  function wrapListing(listing: Dir): Pick<Dir, 'readSync' | 'closeSync'> {
    return {
      readSync: () => run('dirReadSync', [], () => listing.readSync()) as ReturnType<Dir['readSync']>,
      closeSync: () => {
        try {
          run('dirCloseSync', [], () => {});
        } finally {
          listing.closeSync();
        }
      },
    };
  }

  const names = Object.keys(systemDisk) as Array<keyof Disk>;
  return {
    disk: Object.fromEntries(names.map((name) => [name, wrap(name)])) as unknown as Disk,
    calls: () => nth,
    failed,
    closeAll() {
      for (const fd of open) closeSync(fd);
      open.clear();
    },
  };
}

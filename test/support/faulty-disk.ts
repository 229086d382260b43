import { type Disk, systemDisk } from '../../src/spool/file/disk.js';

/** Says what a call is to fail with, or undefined to let it through; `nth` counts all calls from 1. */
export type Fault = (call: { name: keyof Disk; nth: number; args: readonly unknown[] }) => string | undefined;

export interface FaultyDisk {
  disk: Disk;
  /** Calls so far. */
  calls(): number;
}

/** The real file system, some of whose calls fail with an errno. `SHORT` makes a write write one byte only. */
export function faultyDisk(fault: Fault): FaultyDisk {
  let nth = 0;
  const wrapped = Object.entries(pick()).map(([name, method]) => {
    return [
      name,
      (...args: never[]) => {
        nth += 1;
        const errno = fault({ name: name as keyof Disk, nth, args });
        if (errno === 'SHORT' && name === 'writeSync') return (method as (...all: unknown[]) => number)(args[0], args[1], args[2], 1);
        if (errno !== undefined && errno !== 'SHORT') throw Object.assign(new Error(`${errno}: made to fail, ${name}`), { code: errno });
        return (method as (...all: never[]) => unknown)(...args);
      },
    ];
  });
  return { disk: Object.fromEntries(wrapped) as Disk, calls: () => nth };
}

function pick(): Record<keyof Disk, unknown> {
  const names: Array<keyof Disk> = [
    'chmodSync', 'chownSync', 'closeSync', 'fchmodSync', 'fstatSync', 'fsyncSync', 'ftruncateSync', 'linkSync', 'lstatSync',
    'mkdirSync', 'openSync', 'opendirSync', 'readSync', 'readdirSync', 'renameSync', 'rmdirSync', 'statSync', 'statfsSync',
    'unlinkSync', 'writeSync',
  ];
  return Object.fromEntries(names.map((name) => [name, systemDisk[name]])) as Record<keyof Disk, unknown>;
}

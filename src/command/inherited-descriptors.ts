/** The file descriptors above standard error that this process was given, as by `<(…)` or `9> lock` in a shell. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ignoreErrno } from '../shared/errors.js';

/** Descriptors from here on are not passed on; bash begins with 63 for `<(…)`. */
const end = 256;

/** Bits of the flags that say how a file may be used, and their value for a reader. */
const accessMode = 3;
const forReading = 0;

interface Open {
  fd: number;
  /** What is open: a path, or `pipe:[4711]`. */
  what: string;
  isReader: boolean;
}

/**
 * Lists them. Node marks all of them to be closed in its children, so they have to be passed on by number.
 * A pipe with both ends here is taken for one of Node's own.
 * @returns none where there is no /proc
 */
export function inheritedDescriptors(): number[] {
  const open = openFiles();
  const isOwn = ({ what, isReader }: Open): boolean =>
    what.startsWith('anon_inode:') ||
    (what.startsWith('pipe:') && open.some((other) => other.what === what && other.isReader !== isReader));
  return open.filter((each) => !isOwn(each)).map(({ fd }) => fd);
}

function openFiles(): Open[] {
  try {
    const numbers = readdirSync('/proc/self/fd').map(Number);
    return numbers.filter((fd) => fd > 2 && fd < end).flatMap((fd) => openAs(fd));
  } catch (error) {
    ignoreErrno(error); // not Linux
    return [];
  }
}

function openAs(fd: number): Open[] {
  try {
    const what = readlinkSync(`/proc/self/fd/${fd}`);
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
    return [{ fd, what, isReader: (Number.parseInt(flags, 8) & accessMode) === forReading }];
  } catch (error) {
    ignoreErrno(error); // the one that listed the directory
    return [];
  }
}

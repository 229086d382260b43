import { readFileSync } from 'node:fs';
import { ignoreErrno } from './errors.js';

/**
 * How many file descriptors this process may have open (`ulimit -n`), on Linux;
 * Node raises the soft limit to the hard one when it starts. Undefined where
 * there is no limit, or where it cannot be read.
 */
export function descriptorLimit(): number | undefined {
  try {
    return parseLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch (error) {
    ignoreErrno(error); // there is no /proc: another system, or a bare container
    return undefined;
  }
}

function parseLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

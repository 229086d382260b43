import { readFileSync } from 'node:fs';
import { ignoreErrno } from '../errors.js';

/**
 * The maximum number of open file descriptors of this process (`ulimit -n`), on
 * Linux. Node raises the soft limit to the hard one when it starts. Undefined
 * without a limit, and where it cannot be read.
 */
export function descriptorLimit(): number | undefined {
  try {
    return parseLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch (error) {
    ignoreErrno(error); // no /proc: not Linux, or a bare container
    return undefined;
  }
}

function parseLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

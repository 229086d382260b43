import { type Clock, systemClock } from '../shared/clock.js';
import { randomBytes } from '../shared/random.js';
import { createFileSpool } from '../spool/file/file-spool.js';
import type { Spool } from '../spool/spool.js';

/** The spool that the library works on: a directory, with the machine's clock and randomness. */
export function openSpool(root: string, clock: Pick<Clock, 'now'> = systemClock): Spool {
  return createFileSpool(root, { now: clock.now, random: randomBytes });
}

import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, namedSpool, spoolPath } from '../config/paths.js';
import { createFileJournal } from '../journal/file-journal.js';
import type { Journal } from '../journal/journal.js';
import { type Clock, systemClock } from '../shared/clock.js';
import { CapnhookError, errnoOf } from '../shared/errors.js';
import { randomBytes } from '../shared/machine/random.js';
import { createFileSpool } from '../spool/file/file-spool.js';
import type { Spool } from '../spool/spool.js';

/** The spool that the library works on: a directory, with the machine's clock and randomness. */
export function openSpool(root: string, clock: Pick<Clock, 'now'> = systemClock): Spool {
  return createFileSpool(root, { now: clock.now, random: randomBytes });
}

/** What the commands that change a spool work with. */
export interface SpoolPorts {
  spool: Spool;
  clock: Clock;
  sleep(ms: number): Promise<void>;
  openJournal(): Journal;
  /** Names a request, uniquely. */
  newId(): string;
}

/** Opens a spool for a command that changes it. */
export function spoolPorts(root: string): SpoolPorts {
  return {
    spool: openSpool(root),
    clock: systemClock,
    sleep: (ms) => sleep(ms),
    openJournal: () => createFileJournal(`${root}/journal`, () => {}),
    newId: () => `${Date.now()}-${Buffer.from(randomBytes(6)).toString('hex')}`,
  };
}

/**
 * The spool that must exist already if its path was given: a new one in a mistyped place would be empty, and
 * nothing would ever come of what was fired elsewhere. The default one is made where it is missing.
 * @param doing what cannot be done otherwise, as in "Cannot <doing>: …"
 * @throws CapnhookError `SPOOL_CREATE` if a named one is missing; otherwise as {@link spoolPath}
 */
export function existingSpoolPath(
  env: Environment,
  { asked, doing }: { asked: string | undefined; doing: string },
): string {
  const named = namedSpool(env, asked);
  if (named === undefined) return spoolPath(env);
  if (!isMissing(named)) return named;
  throw new CapnhookError('SPOOL_CREATE', `Cannot ${doing}: there is no spool at ${named}`, {
    hint: 'Check its path in --spool or CAPNHOOK_SPOOL. The first fire makes a spool, and so does capnhook init.',
  });
}

function isMissing(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? ''); // all else is told when it is opened
  }
}

/** Which hooks were reported because of unclaimed events: a small file beside them, of use to the drain alone. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { UnclaimedReports } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readEntry } from '../disk/read-entry.js';
import { discard, writeWhole } from '../disk/write-file.js';

/** Its name begins with a dot: it is not an event. */
const name = '.reported';

const none: UnclaimedReports = { hooks: [], others: 0 };

/** What was saved last; none where it cannot be read. It is forgotten when no event is unclaimed any more. */
export function readUnclaimedReports(disk: Disk, root: string): UnclaimedReports {
  try {
    const found = readEntry(disk, `${root}/unclaimed/${name}`, { maxBytes: 65_536 });
    if (found.kind !== 'read') return none;
    if (listNames(disk, `${root}/unclaimed`).length === 0) {
      forgetUnclaimedReports(disk, root);
      return none;
    }
    return { ...none, ...(JSON.parse(Buffer.from(found.bytes).toString()) as Partial<UnclaimedReports>) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) ignoreErrno(error);
    return none;
  }
}

/** Removes the file: what is unclaimed from now on is reported again. */
export function forgetUnclaimedReports(disk: Disk, root: string): void {
  discard(disk, `${root}/unclaimed/${name}`);
}

/** Replaces the file; best effort, since losing it repeats a report. */
export function saveUnclaimedReports(
  disk: Disk,
  root: string,
  { reports, token }: { reports: UnclaimedReports; token(): string },
): void {
  const temporary = `${root}/tmp/${token()}`;
  try {
    writeWhole(disk, temporary, { bytes: Buffer.from(`${JSON.stringify(reports)}\n`), mode: privateFile });
    disk.renameSync(temporary, `${root}/unclaimed/${name}`);
  } catch (error) {
    ignoreErrno(error);
    discard(disk, temporary);
  }
}

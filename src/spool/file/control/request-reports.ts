/** Which requests were reported because this version does not know them: a small file beside them, of use to the drain alone. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import { readEntry } from '../disk/read-entry.js';
import { discard, writeWhole } from '../disk/write-file.js';

/** Its name begins with a dot: it is not a request. */
const reportsName = '.reported';

export interface RequestReports {
  /** Those of all unknown requests that were not reported yet; they count as reported from now on. */
  newOf(unknown: readonly EntryProblem[]): readonly EntryProblem[];
}

/** Makes the record of what was reported. Best effort: losing it repeats a report. @param token names a temporary file, uniquely */
export function createRequestReports(disk: Disk, root: string, token: () => string): RequestReports {
  const path = `${root}/control/${reportsName}`;
  /** The names that are noted; undefined before anything is unknown. */
  let noted: ReadonlySet<string> | undefined;

  function read(): ReadonlySet<string> {
    try {
      const found = readEntry(disk, path, { maxBytes: 65_536 });
      return new Set(
        found.kind === 'read'
          ? found.bytes
              .toString('utf8')
              .split('\n')
              .filter((name) => name !== '')
          : [],
      );
    } catch (error) {
      ignoreErrno(error);
      return new Set();
    }
  }

  function save(names: ReadonlySet<string>): void {
    noted = names;
    const temporary = `${root}/tmp/${token()}`;
    try {
      writeWhole(disk, temporary, { bytes: Buffer.from([...names].join('\n')), mode: privateFile });
      disk.renameSync(temporary, path);
    } catch (error) {
      ignoreErrno(error);
      discard(disk, temporary);
    }
  }

  return {
    newOf(unknown) {
      if (unknown.length === 0) {
        if (noted !== undefined && noted.size > 0) discard(disk, path);
        noted &&= new Set();
        return [];
      }
      const before = noted ?? read();
      const names = new Set(unknown.map(({ name }) => name));
      noted = before;
      if (names.size !== before.size || [...names].some((name) => !before.has(name))) save(names);
      return unknown.filter(({ name }) => !before.has(name));
    },
  };
}

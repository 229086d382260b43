/** Health of endpoints that are gone for long: nothing is owed to them, and nobody needs it. */
import type { Health } from '../../../endpoint/health.js';
import type { IsHealthNeeded } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';
import { discard } from '../disk/write-file.js';
import { isHealthOf, readHealth } from './health-files.js';

/** Endpoints that are looked at in one go, at most; the next time begins elsewhere. */
const mostRead = 1_024;

const suffix = '.json';

/** Earlier versions kept how many deliveries an endpoint had in `<endpoint>.counts`; nothing reads it. */
const countsSuffix = '.counts';

/**
 * Removes `endpoints/<endpoint>.json`, with what else is kept of the endpoint, where nothing is owed and nobody needs
 * it, and what earlier versions kept beside it. Losing it costs back-off history and nothing else, so no lock is asked for.
 * @param options.start where to begin among those that may go: 0 ≤ number < 1
 */
export function pruneHealth(
  disk: Disk,
  root: string,
  { isNeeded, start }: { isNeeded: IsHealthNeeded; start: number },
): void {
  const found = listNames(disk, `${root}/endpoints`);
  const names = found.filter((name) => name.endsWith(suffix));
  const ofEarlierVersions = found.filter((name) => name.endsWith(countsSuffix));
  for (const name of ofEarlierVersions.slice(0, mostRead)) discard(disk, `${root}/endpoints/${name}`);
  if (names.length === 0) return;
  const owing = new Set([...listNames(disk, `${root}/queue`), ...listNames(disk, `${root}/retry`)]);
  const endpoints = names
    .map((name) => name.slice(0, -suffix.length))
    .filter((endpoint) => !owing.has(endpoint));
  const from = Math.floor(endpoints.length * start);
  let read = 0;
  for (const endpoint of [...endpoints.slice(from), ...endpoints.slice(0, from)]) {
    const isKept = isNeeded(endpoint, () => {
      read += 1;
      return savedHealth(disk, root, endpoint);
    });
    // What cannot be read is not ours to delete.
    if (!isKept && isHealthOf(disk, root, endpoint)) forget(disk, root, endpoint);
    if (read >= mostRead) return;
  }
}

function savedHealth(disk: Disk, root: string, endpoint: string): { health: Health; savedAt: number } {
  const stat = disk.lstatSync(`${root}/endpoints/${endpoint}${suffix}`, { throwIfNoEntry: false });
  return { health: readHealth(disk, root, endpoint), savedAt: stat?.mtimeMs ?? 0 };
}

function forget(disk: Disk, root: string, endpoint: string): void {
  for (const path of [`endpoints/${endpoint}.json`, `answers/${endpoint}.json`])
    discard(disk, `${root}/${path}`);
}

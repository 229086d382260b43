import { errnoOf } from '../../../shared/errors.js';
import type { PurgedEntry } from '../../purge.js';
import { listNames } from '../disk/list-names.js';
import { discard } from '../disk/write-file.js';
import { isOfDirectory } from './is-of-directory.js';
import type { PurgeTools } from './purge-tools.js';

/** Removes what lies in `corrupt/`, whatever it is, except directories that are not empty. @throws the errno of what failed */
export function* purgeCorrupt(tools: PurgeTools): Generator<PurgedEntry | undefined> {
  const { disk, root, request } = tools;
  const { endpoints, hook, since, before, reasons } = request.select;
  // It has none of these.
  if ([endpoints, hook, since, before, reasons].some((each) => each !== undefined)) return;
  const names = listNames(disk, `${root}/corrupt`).sort();
  const all = new Set(names);
  for (const name of names) {
    const isReason = name.endsWith('.why') && all.has(name.slice(0, -'.why'.length));
    yield isReason ? undefined : purgeOne(tools, name);
  }
}

function purgeOne(tools: PurgeTools, name: string): PurgedEntry | undefined {
  const { disk, root, request } = tools;
  const path = `${root}/corrupt/${name}`;
  const { ids } = request.select;
  if (ids !== undefined && !ids.some((id) => name.startsWith(id))) return undefined;
  const { before = Infinity, after = Number.NEGATIVE_INFINITY } = request;
  const stat =
    disk.lstatSync(`${path}.why`, { throwIfNoEntry: false }) ??
    disk.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.mtimeMs >= before || stat.mtimeMs < after) return undefined;
  const entry: PurgedEntry = { from: 'corrupt', event: name, events: 1 };
  if (request.isDry === true) return entry;
  const problem = remove(tools, path);
  if (problem !== undefined) return { ...entry, problem: `corrupt/${name} ${problem}` };
  discard(disk, `${path}.why`);
  tools.onRemoved(`${root}/corrupt`);
  return entry;
}

/**
 * Its directories are not looked into: another user may have made them, and may put a link in the place of what is to be
 * removed.
 * @returns why it is still there
 */
function remove({ disk }: PurgeTools, path: string): string | undefined {
  try {
    disk.unlinkSync(path);
    return undefined;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'ENOENT') return undefined;
    if (!isOfDirectory(disk, path, errno)) throw error;
  }
  try {
    disk.rmdirSync(path);
    return undefined;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) return 'is a directory that is not empty';
    throw error;
  }
}

import { errnoOf } from '../../../shared/errors.js';
import type { PurgedEntry, PurgeRoom } from '../../purge.js';
import { readNote } from '../disk/read-note.js';
import { discard } from '../disk/write-file.js';
import { readEntryFile } from '../inspection/entry-file.js';
import { isOfDirectory } from './is-of-directory.js';
import type { PurgeTools } from './purge-tools.js';

/** Where entries lie. */
export interface EntryPlace {
  from: PurgeRoom;
  /** Below the spool. */
  directory: string;
  endpoint: string | undefined;
  /** Since when an entry is there, by the time of its inode's last change; default: that time. In ms since the epoch. */
  sinceOf?: ((ctimeMs: number) => number) | undefined;
}

/** Removes an entry and its reason. @returns undefined where it is not selected, or was removed meanwhile @throws the errno of what failed */
export function purgeEntry(tools: PurgeTools, place: EntryPlace, name: string): PurgedEntry | undefined {
  const { disk, root, request } = tools;
  const { from, directory, endpoint } = place;
  const path = `${root}/${directory}/${name}`;
  const stem = name.replace(/\.jsonl?$/, '');
  const whyPath = `${root}/${directory}/${stem}.why.json`;
  if (!isOfAge(tools, place, { path, whyPath })) return undefined;
  const note = readNote(disk, whyPath);
  const reason = typeof note.reason === 'string' ? note.reason : undefined;
  const file = isRead(tools, endpoint) ? readEntryFile(directory, name, tools) : undefined;
  const id = endpoint === undefined ? (file?.header.id ?? stem.split('.')[0] ?? stem) : stem;
  if (!isSelected(tools, { id, endpoint, reason, file })) return undefined;
  if (request.isDry !== true) {
    const outcome = remove(tools, path);
    if (outcome === 'missing') return undefined;
    if (outcome === 'directory')
      return { from, event: id, endpoint, events: 1, problem: `${directory}/${name} is a directory` };
    discard(disk, whyPath);
    tools.onRemoved(`${root}/${directory}`);
  }
  const { hook = file?.header.hook, events = file?.events } = note;
  const entry: PurgedEntry = { from, event: id, endpoint, events: typeof events === 'number' ? events : 1 };
  if (typeof hook === 'string') entry.hook = hook;
  return entry;
}

/** Whether it has been there for as long as was asked for. A reason is written when its entry comes there. */
function isOfAge(
  { disk, request }: PurgeTools,
  { sinceOf = (ctimeMs) => ctimeMs }: EntryPlace,
  { path, whyPath }: { path: string; whyPath: string },
): boolean {
  const { before = Infinity, after = Number.NEGATIVE_INFINITY } = request;
  if (before === Infinity && after === Number.NEGATIVE_INFINITY) return true;
  const stat = disk.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const since = disk.lstatSync(whyPath, { throwIfNoEntry: false })?.mtimeMs ?? sinceOf(stat.ctimeMs);
  return since < before && since >= after;
}

/** Whether the entry itself has to be read: of one with an endpoint the name is the id. */
function isRead({ request }: PurgeTools, endpoint: string | undefined): boolean {
  const { hook, since, before, ids } = request.select;
  if (endpoint === undefined) return true;
  return ids !== undefined || [hook, since, before].some((each) => each !== undefined);
}

function isSelected(
  { request, selector }: PurgeTools,
  {
    id,
    endpoint,
    reason,
    file,
  }: {
    id: string;
    endpoint: string | undefined;
    reason: string | undefined;
    file: ReturnType<typeof readEntryFile>;
  },
): boolean {
  if (!selector.mayHave(id)) return false;
  const { reasons, hook, since, before } = request.select;
  if (reasons !== undefined && (reason === undefined || !reasons.includes(reason))) return false;
  if ([hook, since, before].every((each) => each === undefined)) return true;
  // What cannot be read is of no hook and of no time.
  return file !== undefined && selector.has({ ...file, header: { ...file.header, id }, endpoint, reason });
}

/** @returns `missing` where it was removed or taken away meanwhile, `directory` for what is no entry and stays */
function remove({ disk }: PurgeTools, path: string): 'removed' | 'missing' | 'directory' {
  try {
    disk.unlinkSync(path);
    return 'removed';
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'ENOENT') return 'missing';
    if (isOfDirectory(disk, path, errno)) return 'directory';
    throw error;
  }
}

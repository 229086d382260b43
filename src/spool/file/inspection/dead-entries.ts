import type { Why } from '../../spool.js';
import { undecided } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readNote } from '../disk/read-note.js';
import { readableOr } from '../disk/readable-or.js';
import { readEntryFile } from './entry-file.js';
import { type Found, type InspectionTools, mayMatch } from './found.js';

/** Reads what was given up, or dropped. */
export function* readDead(tools: InspectionTools): Generator<Found> {
  const { disk, root, query } = tools;
  for (const endpoint of query.endpoints ?? listNames(disk, `${root}/dead`).sort()) {
    const directory = `dead/${endpoint}`;
    const names = readableOr([], () => listNames(disk, `${root}/${directory}`));
    for (const name of names.sort()) {
      if (!/\.jsonl?$/.test(name) || name.endsWith('.why.json')) continue;
      const stem = name.replace(/\.jsonl?$/, '');
      const file = mayMatch(stem, query) ? readEntryFile(directory, name, tools) : undefined;
      yield file && describe(file, { directory, stem, endpoint, tools });
    }
  }
}

function describe(
  file: NonNullable<ReturnType<typeof readEntryFile>>,
  {
    directory,
    stem,
    endpoint,
    tools,
  }: { directory: string; stem: string; endpoint: string; tools: InspectionTools },
): Found {
  const { disk, root } = tools;
  const why: Partial<Why> = readNote(disk, `${root}/${directory}/${stem}.why.json`);
  return {
    state: 'dead',
    ...file,
    endpoint: endpoint === undecided ? undefined : endpoint,
    attempts: why.attempts ?? 0,
    why,
  };
}

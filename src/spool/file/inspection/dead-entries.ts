import type { Why } from '../../spool.js';
import { undecided } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readNote } from '../disk/read-note.js';
import { type EntryFile, readEntryFiles } from './entry-file.js';
import { endpointsFrom, type Found, type InspectionTools, mayMatch, namesIn, positionIn } from './found.js';

/** Reads what was given up, or dropped. */
export function* readDead(tools: InspectionTools): Generator<Found> {
  const { disk, root, query } = tools;
  const after = positionIn('dead', query);
  const first = after && (after.endpoint ?? undecided);
  const endpoints = query.endpoints ?? listNames(disk, `${root}/dead`).sort();
  for (const endpoint of endpointsFrom(endpoints, first)) {
    const directory = `dead/${endpoint}`;
    for (const name of namesIn(tools, directory, endpoint === first ? after?.id : undefined)) {
      const stem = name.replace(/\.jsonl?$/, '');
      if (!mayMatch(stem, query)) yield undefined;
      else
        for (const file of readEntryFiles(directory, name, tools))
          yield file && describe(file, { directory, name, endpoint, tools });
    }
  }
}

function describe(
  file: EntryFile,
  {
    directory,
    name,
    endpoint,
    tools,
  }: { directory: string; name: string; endpoint: string; tools: InspectionTools },
): Found {
  const { disk, root } = tools;
  const stem = name.replace(/\.jsonl?$/, '');
  const why: Partial<Why> = readNote(disk, `${root}/${directory}/${stem}.why.json`);
  return {
    state: 'dead',
    place: `${directory}/${name}`,
    ...file,
    endpoint: endpoint === undecided ? undefined : endpoint,
    attempts: why.attempts ?? 0,
    why,
  };
}

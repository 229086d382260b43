import { listNames } from '../disk/list-names.js';
import { readReason } from '../unclaimed/unclaimed.js';
import { readEntryFiles } from './entry-file.js';
import { type Found, type InspectionTools, namesAfter, positionIn } from './found.js';

/** Reads what was accepted and is not routed. */
export function* readIncoming(tools: InspectionTools): Generator<Found> {
  for (const name of entryNames('incoming', tools)) {
    const place = `incoming/${name}`;
    for (const file of readEntryFiles('incoming', name, tools))
      yield file && { state: 'incoming', place, endpoint: undefined, attempts: 0, ...file };
  }
}

/** Reads what no endpoint is registered for. */
export function* readUnclaimed(tools: InspectionTools): Generator<Found> {
  const { disk, root } = tools;
  for (const name of entryNames('unclaimed', tools)) {
    const place = `unclaimed/${name}`;
    for (const file of readEntryFiles('unclaimed', name, tools)) {
      if (file === undefined) {
        yield undefined;
        continue;
      }
      const why = readReason(disk, root, name.replace(/\.jsonl?$/, ''));
      const events = file.events ?? why.events;
      yield { state: 'unclaimed', place, endpoint: undefined, attempts: 0, ...file, events, why };
    }
  }
}

/** The names of events and batches, oldest first. The id within may be another one, so all are read. */
function entryNames(
  directory: 'incoming' | 'unclaimed',
  { disk, root, query }: InspectionTools,
): readonly string[] {
  const names = listNames(disk, `${root}/${directory}`)
    .filter((name) => /\.jsonl?$/.test(name) && !name.endsWith('.why.json'))
    .sort();
  return namesAfter(names, positionIn(directory, query)?.id);
}

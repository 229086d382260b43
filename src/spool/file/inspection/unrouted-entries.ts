import { isGeneratedId } from '../../../event/event-id.js';
import { orderedNames } from '../disk/ordered-names.js';
import { readReason } from '../unclaimed/unclaimed.js';
import { readEntryFiles } from './entry-file.js';
import { type Found, type InspectionTools, isEntryName, mayMatch, positionIn } from './found.js';

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

/**
 * The names of events and batches, oldest first. The id within may be another one, so those that no `fire` has made up are
 * read whatever is wanted.
 */
function entryNames(
  directory: 'incoming' | 'unclaimed',
  { disk, root, query }: InspectionTools,
): Iterable<string> {
  const id = positionIn(directory, query)?.id;
  return orderedNames(disk, `${root}/${directory}`, {
    after: id === undefined ? undefined : `${id}.jsonl`,
    accept(name) {
      if (!isEntryName(name)) return false;
      const stem = name.replace(/\.jsonl?$/, '');
      return mayMatch(stem, query) || !isGeneratedId(stem);
    },
  });
}

import { isAt } from '../../inspection.js';
import { parseQueueName } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { listDays, sentAt } from '../sent/sent-days.js';
import { readEntryFile } from './entry-file.js';
import { type Found, type InspectionTools, mayMatch, namesIn, positionIn } from './found.js';

/** Reads what was delivered and is kept, day by day. */
export function* readSent(tools: InspectionTools): Generator<Found> {
  const { disk, root, query } = tools;
  let after = positionIn('sent', query); // an event may be kept of several days, so nothing can be skipped unread
  for (const day of listDays(disk, root)) {
    for (const endpoint of query.endpoints ?? listNames(disk, `${root}/sent/${day}`).sort()) {
      const directory = `sent/${day}/${endpoint}`;
      for (const name of namesIn(tools, directory)) {
        const entry = readOne(tools, { day, endpoint, name });
        if (after === undefined) yield entry;
        else if (entry !== undefined && isAt(entry, after)) after = undefined;
      }
    }
  }
}

function readOne(
  tools: InspectionTools,
  { day, endpoint, name }: { day: string; endpoint: string; name: string },
): Found {
  const directory = `sent/${day}/${endpoint}`;
  const id = parseQueueName(name);
  if (id === undefined || !mayMatch(id, tools.query)) return undefined;
  const { ctimeMs } =
    tools.disk.lstatSync(`${tools.root}/${directory}/${name}`, { throwIfNoEntry: false }) ?? {};
  const file = readEntryFile(directory, name, tools);
  if (file === undefined || ctimeMs === undefined) return undefined;
  const header = { ...file.header, id };
  return {
    state: 'sent',
    place: `${directory}/${name}`,
    endpoint,
    attempts: 0,
    ...file,
    header,
    sentAt: sentAt(day, ctimeMs),
  };
}

import { ignoreErrno } from '../../../shared/errors.js';
import type { Why } from '../../spool.js';
import { undecided } from '../disk/layout.js';
import { listNames } from '../disk/list-names.js';
import { readEntry } from '../disk/read-entry.js';
import { readableOr } from '../disk/readable-or.js';
import { readEntryFile } from './entry-file.js';
import { type Found, type InspectionTools, mayMatch } from './found.js';

/** Maximum size of a reason, in bytes: words, and the first 8 KiB of an answer as JSON. */
const MAX_WHY_BYTES = 65_536;

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
  const why = readWhy(`${tools.root}/${directory}/${stem}.why.json`, tools);
  return {
    state: 'dead',
    ...file,
    endpoint: endpoint === undecided ? undefined : endpoint,
    attempts: why.attempts ?? 0,
    why,
  };
}

/** The reason beside a dead delivery, as far as it can be read. */
function readWhy(path: string, { disk }: InspectionTools): Partial<Why> {
  try {
    const found = readEntry(disk, path, { maxBytes: MAX_WHY_BYTES });
    const why: unknown = found.kind === 'read' ? JSON.parse(found.bytes.toString('utf8')) : undefined;
    return typeof why === 'object' && why !== null ? why : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) ignoreErrno(error);
    return {};
  }
}

/** What the dashboard shows and changes: the library's other functions, on one spool. */
import { positionOf, readNewAttempts } from '../../journal/new-attempts.js';
import type { EntryPage, PageData, RowFilter } from '../../page/page-data.js';
import { systemClock } from '../../shared/clock.js';
import type { ListedEntry } from '../../usecases/inspect/describe-entry.js';
import type { ListState } from '../../usecases/inspect/list-state.js';
import { createTraffic, type Traffic, trafficMinutes } from '../../usecases/inspect/status/traffic.js';
import type { ListPosition } from '../list.js';
import { list } from '../list.js';
import { logSummary } from '../log.js';
import { payload, show } from '../show.js';
import { status } from '../status.js';
import { createRecent, shareRunning } from './share.js';
import { createSteering, type DashboardPlace } from './steer-chosen.js';

/** Maximum number of endpoints whose last hour is in memory. */
const maxTraffic = 16;

/** Makes the data of the dashboard. @param root the spool's directory */
export function createDashboardData(place: DashboardPlace, root: string): PageData {
  const journal = `${root}/journal`;
  const traffic = createRecent(maxTraffic, (endpoint: string) => trafficOf(journal, endpoint || undefined));
  return {
    status: shareRunning(() => status(place)),
    traffic: (endpoint = '') => traffic(endpoint)(),
    list: (filter, options) => listPage(place, filter, options),
    show: (id) => show(id, place),
    payload: (id) => payload(id, place),
    failures: (query) => logSummary({ ...place, ...query }),
    steer: createSteering(place),
  };
}

function trafficOf(journal: string, endpoint: string | undefined): () => Promise<Traffic> {
  const clock = systemClock;
  let position = positionOf(journal, clock.now() - trafficMinutes * 60_000);
  return createTraffic(
    {
      clock,
      async readNew(callback) {
        const next = await readNewAttempts(journal, await position, callback);
        position = Promise.resolve(next);
      },
    },
    { endpoint },
  );
}

async function listPage(
  place: DashboardPlace,
  { state, ...filter }: RowFilter,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<EntryPage> {
  const rows: ListedEntry[] = [];
  const states = state === undefined ? undefined : [state];
  const position = after === undefined ? undefined : parsePosition(after);
  for await (const entry of list({ ...place, ...filter, states, after: position, limit: limit + 1 }))
    rows.push(entry);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? positionText(last) : undefined };
}

/** An entry's place in the list, as it stands in an address. Ids have no slash. */
function positionText({ state, endpoint, id }: ListedEntry): string {
  return [state, endpoint?.id ?? '', id].join('/');
}

function parsePosition(text: string): ListPosition {
  const [state = '', endpoint = '', ...id] = text.split('/');
  return { state: state as ListState, endpoint: endpoint || undefined, id: id.join('/') };
}

/** The state of everything: who drains, for whom what waits, and what stands in the way. */
import { type Endpoint, endpointDefaults } from '../../../endpoint/endpoint.js';
import { unnamedEndpointId } from '../../../endpoint/endpoint-id.js';
import type { AttemptCounts, RecentAttempts } from '../../../journal/recent-attempts.js';
import type { Hooks } from '../../../routing/hooks.js';
import { type Clock, momentOf } from '../../../shared/clock.js';
import { CapnhookError } from '../../../shared/errors.js';
import { isoTime } from '../../../shared/iso-time.js';
import type { QueueAges } from '../../../spool/ages.js';
import type { Spool } from '../../../spool/spool.js';
import type { HooksReader } from '../../hooks-reader.js';
import { selecting } from '../../operate/selecting.js';
import { ageBoundsMs, queuedByAge, sumByAge } from './by-age.js';
import { endpointStatus } from './endpoint-status.js';
import { nextSteps } from './next-steps.js';
import {
  type DrainStatus,
  type EndpointStatus,
  endpointStates,
  type HooksFileStatus,
  type Status,
  type StatusTotals,
} from './status-data.js';

export interface StatusPorts {
  spool: Pick<Spool, 'holder' | 'inspection'>;
  /** Where the spool is. */
  path: string;
  hooks: HooksReader;
  /** Whether the hooks file may be missing: nobody has named it. */
  mayLackHooks: boolean;
  clock: Clock;
  /** Counts attempts over each of several times back from now, in ms. */
  recentAttempts(windowsMs: readonly number[]): Promise<RecentAttempts>;
  /** What the journal takes, in bytes. */
  journalBytes(): Promise<number>;
}

export interface StatusOptions {
  /** A URL, the name of an endpoint in the hooks file, or an endpoint's id; default: all endpoints. */
  endpoint?: string | undefined;
  /** Whether URLs are told whole; default false. */
  showUrls?: boolean | undefined;
  /** Called as soon as this much is known: to count a million deliveries takes a second. */
  onHead?: ((head: StatusHead) => void) | undefined;
}

/** What is known without counting. */
export type StatusHead = Pick<Status, 'time' | 'spool' | 'drain' | 'hooksFile'>;

/** The times over which attempts are counted: the last minute and the last hour, in ms. */
const windowsMs = [60_000, 3_600_000];

/** How long deliveries that are held back are kept where the hooks file cannot be read, in ms. */
const defaultKeepMs = 30 * 86_400_000;

/**
 * Reads the state of everything, without the drain's lock. Of deliveries only names are read.
 * @throws CapnhookError `NO_INPUT` for an unknown endpoint, `USAGE` for a URL that is none; as the spool and the journal
 */
export async function readStatus(
  ports: StatusPorts,
  { endpoint, showUrls = false, onHead }: StatusOptions = {},
): Promise<Status> {
  const { spool, path, clock } = ports;
  const moment = momentOf(clock);
  const { hooks, hooksFile } = await readHooks(ports);
  const query = { now: moment.now, boundsMs: ageBoundsMs };
  const only = await chosenEndpoints(ports, endpoint);
  const head = { time: isoTime(moment.now), spool: path, drain: await drainStatus(spool), hooksFile };
  onHead?.(head);
  const attempts = await ports.recentAttempts(windowsMs);
  const tellOf = createTeller(hooks, attempts);
  const endpoints: EndpointStatus[] = [];
  for await (const queue of allQueues(ports, { hooks, only, query }))
    endpoints.push(endpointStatus(tellOf(queue), { ...moment, showUrls }));
  const rank = ({ state }: EndpointStatus) => endpointStates.indexOf(state);
  endpoints.sort((a, b) => rank(a) - rank(b));
  const { entries, ...ages } = await spool.inspection.incomingAges(query);
  const incoming = { entries, ...queuedByAge(ages) };
  const status: Omit<Status, 'next'> = {
    ...head,
    endpoints,
    incoming,
    totals: await sumUp(ports, { endpoints, incoming }),
  };
  return { ...status, next: nextSteps(status) };
}

async function readHooks({
  hooks: reader,
  mayLackHooks,
}: StatusPorts): Promise<{ hooks: Hooks | undefined; hooksFile: HooksFileStatus }> {
  const { path } = reader;
  try {
    return { hooks: await reader.load(), hooksFile: { path, isUsable: true } };
  } catch (error) {
    if (!(error instanceof CapnhookError)) throw error;
    const [first] = error.problems;
    const problem = first === undefined ? error.message : `${error.message}: ${first.message}`;
    const hooksFile: HooksFileStatus = { path, isUsable: false, problem };
    if (mayLackHooks) hooksFile.isMissing = true;
    return { hooks: undefined, hooksFile };
  }
}

async function chosenEndpoints(
  { spool, hooks }: StatusPorts,
  endpoint: string | undefined,
): Promise<readonly string[] | undefined> {
  if (endpoint === undefined) return undefined;
  return (await selecting({ spool, hooks }, { targets: [endpoint] }, 'show the status')).endpoints;
}

/** What the spool knows, and then what only the hooks file knows. */
async function* allQueues(
  { spool }: StatusPorts,
  {
    hooks,
    only,
    query,
  }: { hooks: Hooks | undefined; only: readonly string[] | undefined; query: typeof emptyQuery },
): AsyncGenerator<QueueAges> {
  const missing = new Set(hooks?.endpoints.keys());
  for await (const queue of spool.inspection.queueAges({ ...query, endpoints: only })) {
    missing.delete(queue.endpoint);
    yield queue;
  }
  for (const endpoint of missing) if (only?.includes(endpoint) !== false) yield { endpoint, ...emptyQueue };
}

const emptyQuery = { now: 0, boundsMs: ageBoundsMs };

const emptyQueue: Omit<QueueAges, 'endpoint'> = {
  waiting: 0,
  retrying: 0,
  nextDueMs: undefined,
  dead: 0,
  health: {},
  answer: undefined,
  counts: [],
  oldestAt: undefined,
};

/** Makes the function that puts together what is known of an endpoint. */
function createTeller(hooks: Hooks | undefined, attempts: RecentAttempts) {
  const all = [...(hooks?.endpoints.values() ?? [])];
  const byId = new Map<string, Endpoint>(all.map((each) => [unnamedEndpointId(each.url), each]));
  for (const each of all) byId.set(each.id, each);
  const used = (hooks?.registrations ?? []).flatMap(({ endpoints }) => endpoints);
  const registered = new Set(used.flatMap(({ id, url }) => [id, unnamedEndpointId(url)]));
  return (queue: QueueAges) => ({
    queue,
    endpoint: byId.get(queue.endpoint),
    isRegistered: hooks === undefined ? undefined : registered.has(queue.endpoint),
    settings: byId.get(queue.endpoint) ?? hooks?.defaults ?? endpointDefaults,
    keepMs: hooks?.holdKeepMs ?? defaultKeepMs,
    attempts: attempts.get(queue.endpoint),
  });
}

async function drainStatus(spool: Pick<Spool, 'holder'>): Promise<DrainStatus> {
  const holder = await spool.holder();
  return holder === undefined ? { isRunning: false } : { isRunning: true, ...holder };
}

async function sumUp(
  { spool, journalBytes }: StatusPorts,
  { endpoints, incoming }: Pick<Status, 'endpoints' | 'incoming'>,
): Promise<StatusTotals> {
  const { unclaimed, corrupt, deadUnrouted, freeBytes } = await spool.inspection.totals();
  const totals: StatusTotals = {
    queued: sumByAge([...endpoints.map(({ queued }) => queued), incoming]),
    lastMinute: sumOf(endpoints.map(({ lastMinute }) => lastMinute)),
    lastHour: sumOf(endpoints.map(({ lastHour }) => lastHour)),
    dead: endpoints.reduce((sum, { dead }) => sum + dead, deadUnrouted),
    unclaimed,
    corrupt,
    journalBytes: await journalBytes(),
  };
  if (freeBytes !== undefined) totals.freeBytes = freeBytes;
  return totals;
}

function sumOf(counts: readonly AttemptCounts[]): AttemptCounts {
  const sum = { attempts: 0, failures: 0 };
  for (const { attempts, failures } of counts) {
    sum.attempts += attempts;
    sum.failures += failures;
  }
  return sum;
}

/** The metrics of a daemon: counts from memory, since it began, and the rest from its spool when it is asked. */
import type { WatchedHooks } from '../../hooks/file/live-hooks.js';
import { type AttemptResult, attemptResults } from '../../journal/attempt-scan.js';
import type { Journal, JournalEntry } from '../../journal/journal.js';
import { journalBytes } from '../../journal/recent-attempts.js';
import { parseListenAddress, renderAddress } from '../../metrics/listen-address.js';
import { serveMetrics } from '../../metrics/metrics-server.js';
import type { Hooks } from '../../routing/hooks.js';
import type { Clock } from '../../shared/clock.js';
import { packageVersion } from '../../shared/machine/package-info.js';
import type { DrainSide, Spool } from '../../spool/spool.js';
import { attemptMetrics } from '../../usecases/inspect/metrics/attempt-metrics.js';
import { createAttemptTotals, otherLabel } from '../../usecases/inspect/metrics/attempt-totals.js';
import { renderMetrics } from '../../usecases/inspect/metrics/exposition.js';
import { statusMetrics } from '../../usecases/inspect/metrics/status-metrics.js';
import { readStatus } from '../../usecases/inspect/status/status.js';
import type { Status } from '../../usecases/inspect/status/status-data.js';

/** What the metrics are of. */
export interface MeasuredDrain {
  spool: Spool;
  hooks: WatchedHooks;
  /** The spool's directory. */
  root: string;
  /** The hooks file. */
  config: string;
  clock: Clock;
  /** Stops the drain. */
  stop: AbortSignal | undefined;
}

export interface DrainMetrics {
  /** Where they are served, for people. */
  readonly address: string;
  /** The spool is locked, and is drained from now on. */
  begin(side: Pick<DrainSide, 'isValid'>): void;
  /** A journal that counts the attempts that are written to another one. */
  counting(journal: Journal): Journal;
  close(): Promise<void>;
}

/** Minimum time between two readings of the spool, in ms; a reading that takes long is repeated ten times as seldom. */
const freshMs = 1_000;
const pauseFactor = 10;

/** Begins to serve metrics. @throws CapnhookError `USAGE` for what is not an address; as {@link serveMetrics} */
export async function openDrainMetrics(where: string, drain: MeasuredDrain): Promise<DrainMetrics> {
  const address = parseListenAddress(where);
  const totals = createAttemptTotals({ labelOf: createLabels(drain.hooks) });
  const statusNow = createStatusReader(drain);
  const version = packageVersion();
  let side: Pick<DrainSide, 'isValid'> | undefined;
  const server = await serveMetrics(address, {
    '/metrics': async () => {
      const families = [
        ...statusMetrics(await statusNow(), { version }),
        ...attemptMetrics(totals.byLabel, 'since this drain began'),
      ];
      return { status: 200, body: renderMetrics(families) };
    },
    '/healthz': () => {
      const why = whyUnwell(side, drain.stop);
      return why === undefined ? { status: 200, body: 'ok\n' } : { status: 503, body: `${why}\n` };
    },
  });
  return {
    address: renderAddress(server.address),
    begin(joined) {
      side = joined;
    },
    counting: (journal) => ({
      write(entry) {
        journal.write(entry);
        if (isAttempt(entry)) totals.add({ endpoint: entry.endpoint, result: entry.what, ms: entry.ms ?? 0 });
      },
      close: () => journal.close(),
    }),
    close: () => server.close(),
  };
}

/** Why the drain does not drain, or soon will not, in words; undefined while it does. */
function whyUnwell(
  side: Pick<DrainSide, 'isValid'> | undefined,
  stop: AbortSignal | undefined,
): string | undefined {
  if (side === undefined) return 'the spool is not drained yet';
  if (stop?.aborted) return 'the drain is stopping';
  return side.isValid() ? undefined : 'the spool was replaced, and is not drained any more';
}

function isAttempt(entry: JournalEntry): entry is JournalEntry & { what: AttemptResult; endpoint: string } {
  return entry.endpoint !== undefined && attemptResults.some((result) => result === entry.what);
}

/** Makes the function that tells an endpoint's label, by the hooks as they are now. */
function createLabels(hooks: Pick<WatchedHooks, 'current'>): (endpoint: string) => string {
  let known: Hooks | undefined;
  let registered = new Set<string>();
  return (endpoint) => {
    const current = hooks.current();
    if (current !== known)
      registered = new Set(current.registrations.flatMap(({ endpoints }) => endpoints.map(({ id }) => id)));
    known = current;
    return registered.has(endpoint) ? endpoint : otherLabel;
  };
}

/** Makes the function that reads the status, which is asked for concurrently, and often, and read rarely. */
function createStatusReader(drain: MeasuredDrain): () => Promise<Status> {
  const { clock } = drain;
  let reading: Promise<Status> | undefined;
  let staleAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (reading !== undefined && clock.monotonic() < staleAt) return reading;
    const begunAt = clock.monotonic();
    staleAt = Infinity;
    const next = statusOf(drain);
    reading = next;
    const end = (factor: number): void => {
      const now = clock.monotonic();
      staleAt = now + Math.max(freshMs, (now - begunAt) * pauseFactor) * factor;
    };
    next.then(
      () => end(1),
      () => end(0),
    );
    return next;
  };
}

async function statusOf({ spool, hooks, root, config, clock }: MeasuredDrain): Promise<Status> {
  const ports = {
    spool,
    path: root,
    hooks: { path: config, load: async () => hooks.current() },
    mayLackHooks: false,
    clock,
    recentAttempts: async () => new Map(),
    journalBytes: () => journalBytes(`${root}/journal`),
  };
  const status = await readStatus(ports);
  const problem = hooks.problem();
  if (problem === undefined) return status;
  return { ...status, hooksFile: { path: config, isUsable: false, problem: problem.message } };
}

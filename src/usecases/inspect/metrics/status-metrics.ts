/** The state of everything as metrics. Pure. */
import {
  type EndpointState,
  type EndpointStatus,
  endpointStates,
  type Status,
} from '../status/status-data.js';
import { otherLabel } from './attempt-totals.js';
import type { Family, Sample } from './exposition.js';

/** What is known of one endpoint, or of all that are not registered. */
interface Labelled {
  label: string;
  waiting: number;
  retrying: number;
  dead: number;
  oldestSeconds: number;
  /** Undefined for those that are not registered, of which each has its own. */
  state: EndpointState | undefined;
}

/** The label of an endpoint: its id where it is registered. Never a URL. */
function labelOf({ endpoint, isRegistered }: Pick<EndpointStatus, 'endpoint' | 'isRegistered'>): string {
  return isRegistered ? endpoint.id : otherLabel;
}

/**
 * The metrics of a status.
 * @param options.version of capnhook
 */
export function statusMetrics(status: Status, { version }: { version: string }): Family[] {
  return [
    gauge('build_info', 'The version of capnhook.', [{ labels: { version }, value: 1 }]),
    ...drainMetrics(status),
    ...endpointMetrics(labelled(status)),
    ...spoolMetrics(status),
  ];
}

function drainMetrics({ drain, hooksFile }: Status): Family[] {
  const { isRunning, since } = drain;
  const startedAt = since === undefined ? [] : one(Date.parse(since) / 1000);
  return [
    gauge('drain_running', 'Whether a drain runs.', one(isRunning ? 1 : 0)),
    gauge('drain_start_time_seconds', 'When the drain that runs began, since the epoch.', startedAt),
    gauge(
      'hooks_file_usable',
      'Whether the hooks file can be used, or none is needed.',
      one(hooksFile.isUsable || hooksFile.isMissing ? 1 : 0),
    ),
  ];
}

function endpointMetrics(all: readonly Labelled[]): Family[] {
  const of = (value: (each: Labelled) => number): Sample[] =>
    all.map((each) => ({ labels: { endpoint: each.label }, value: value(each) }));
  return [
    gauge(
      'queued_deliveries',
      'Deliveries that wait in order.',
      of(({ waiting }) => waiting),
    ),
    gauge(
      'retrying_deliveries',
      'Deliveries that failed alone, and wait on their own.',
      of(({ retrying }) => retrying),
    ),
    gauge(
      'dead_deliveries',
      'Deliveries that were given up, or dropped.',
      of(({ dead }) => dead),
    ),
    gauge(
      'oldest_queued_seconds',
      'Age of the oldest delivery that waits; 0 if none does.',
      of(({ oldestSeconds }) => oldestSeconds),
    ),
    gauge(
      'endpoint_state',
      'The state that an endpoint is in has the value 1.',
      all.flatMap(({ label, state }) =>
        state === undefined
          ? []
          : endpointStates.map((each) => ({
              labels: { endpoint: label, state: each },
              value: each === state ? 1 : 0,
            })),
      ),
    ),
  ];
}

function spoolMetrics({ incoming, totals, time }: Status): Family[] {
  const { unclaimed, corrupt, freeBytes, journalBytes } = totals;
  return [
    gauge('incoming_events', 'Events that are in no queue yet.', one(incoming.total)),
    gauge(
      'oldest_incoming_seconds',
      'Age of the oldest event that is in no queue yet; 0 if there is none.',
      one(ageOf(incoming.oldest, time)),
    ),
    gauge('unclaimed_events', 'Entries that no endpoint is registered for.', one(unclaimed)),
    gauge('corrupt_entries', 'Entries that could not be read.', one(corrupt)),
    gauge('journal_bytes', 'What the journal takes.', one(journalBytes)),
    gauge(
      'spool_free_bytes',
      "Room that is left on the spool's file system.",
      freeBytes === undefined ? [] : one(freeBytes),
    ),
  ];
}

function labelled({ endpoints, time }: Status): Labelled[] {
  const byLabel = new Map<string, Labelled>();
  for (const each of endpoints) {
    const label = labelOf(each);
    const state = label === otherLabel ? undefined : each.state;
    const all = byLabel.get(label) ?? { label, waiting: 0, retrying: 0, dead: 0, oldestSeconds: 0, state };
    byLabel.set(label, all);
    all.waiting += each.queued.waiting;
    all.retrying += each.queued.retrying;
    all.dead += each.dead;
    all.oldestSeconds = Math.max(all.oldestSeconds, ageOf(each.queued.oldest, time));
  }
  return [...byLabel.values()].sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** In seconds. */
function ageOf(since: string | undefined, time: string): number {
  return since === undefined ? 0 : Math.max(Date.parse(time) - Date.parse(since), 0) / 1000;
}

function one(value: number): Sample[] {
  return [{ value }];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `capnhook_${name}`, type: 'gauge', help, samples };
}

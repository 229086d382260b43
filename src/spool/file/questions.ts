/** What may be asked of a spool without joining it. */
import { type CapnhookError, errnoOf } from '../../shared/errors.js';
import type { Inspection } from '../inspection.js';
import type { Spool } from '../spool.js';
import { readBinding } from './binding.js';
import { hasRequest, requestProgress } from './control/requests.js';
import type { Disk } from './disk/disk.js';
import { spoolError } from './disk/spool-error.js';
import { readBacklog } from './endpoints/backlog.js';
import { countIncoming } from './incoming/incoming.js';
import { isHeld, readHolder } from './lock/lock.js';

/** The methods of a spool that change nothing. */
export type Questions = Pick<
  Spool,
  | 'inspection'
  | 'holder'
  | 'isHeld'
  | 'survey'
  | 'hasRequest'
  | 'requestProgress'
  | 'boundTo'
  | 'backlog'
  | 'waiting'
>;

/** Makes the methods that only read. @param now ms since the epoch */
export function createQuestions(disk: Disk, root: string, { now }: { now(): number }): Questions {
  function unreadable(error: unknown): CapnhookError {
    return spoolError(error, { doing: 'read the spool', root, otherwise: 'SPOOL_WRITE' });
  }

  function read<T>(ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** Loaded when it is asked: no fire and hardly any drain inspects. */
  async function load(): Promise<Inspection> {
    const { createFileInspection } = await import('./inspection/inspection.js');
    return createFileInspection(disk, root, now);
  }

  async function ask<T>(question: (inspection: Inspection) => Promise<T>): Promise<T> {
    const inspection = await load();
    try {
      return await question(inspection);
    } catch (error) {
      throw unreadable(error);
    }
  }

  async function* stream<T>(items: (inspection: Inspection) => AsyncIterable<T>): AsyncGenerator<T> {
    yield* readable(items(await load()));
  }

  async function* readable<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw unreadable(error);
    }
  }

  return {
    inspection: {
      entries: (query) => stream((inspection) => inspection.entries(query)),
      quarantined: () => stream((inspection) => inspection.quarantined()),
      endpoints: () => ask((inspection) => inspection.endpoints()),
      queueAges: (query) => stream((inspection) => inspection.queueAges(query)),
      incomingAges: (query) => ask((inspection) => inspection.incomingAges(query)),
      totals: () => ask((inspection) => inspection.totals()),
      health: (endpoint) => ask((inspection) => inspection.health(endpoint)),
      answer: (endpoint, event) => ask((inspection) => inspection.answer(endpoint, event)),
    },
    holder: async (options) => read(() => readHolder(root, options)),
    isHeld: async () => read(() => isHeld(root)),
    async *survey(request) {
      const { survey } = await import('./moves/survey.js');
      yield* readable(survey(disk, root, { request, now }));
    },
    hasRequest: async (id) => read(() => hasRequest(disk, root, id)),
    requestProgress: async (id) => read(() => requestProgress(disk, root, id)),
    boundTo: async () => read(() => readBinding(disk, root)),
    backlog: (endpoint) => readable(readBacklog(disk, root, endpoint)),
    async waiting() {
      try {
        return countIncoming(disk, root);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return 0; // there is no spool yet
        throw unreadable(error);
      }
    },
  };
}

/** Whether the end of a drain is news: cron mails what is printed, each minute. */
import { type Environment, spoolPath } from '../../config/paths.js';
import { endpointDefaults } from '../../endpoint/endpoint.js';
import { momentOf, systemClock } from '../../shared/clock.js';
import { CapnhookError, type ErrorData, errnoOf, errorData } from '../../shared/errors.js';
import { randomBytes } from '../../shared/machine/random.js';
import { systemDisk } from '../../spool/file/disk/disk.js';
import { readLastReasons, writeLastReasons } from '../../spool/file/last-reasons.js';
import { forOwner } from '../../spool/file/setup/for-owner.js';
import type { DrainSummary, Queued } from '../../usecases/drain/ports.js';
import { type LeftInQueues, leftIn, queuedOf } from '../../usecases/drain/reporting/queues.js';
import { emptySummary } from '../../usecases/drain/reporting/summary.js';
import { openSpool } from '../open-spool.js';

/** Where a drain works. */
export interface DrainPlace {
  spool?: string | undefined;
  env: Environment;
}

/** `busy`: another drain was running. `ended`: whatever else a drain ends with. */
export type EndKind = 'busy' | 'ended';

/**
 * Notes why a drain has ended, for the next one.
 * @param reason words without numbers and times, or undefined where all is well: then everything noted is forgotten
 * @returns whether the last drain of that kind ended for another reason
 */
export function noteReason(root: string, kind: EndKind, reason: string | undefined): boolean {
  const known = readLastReasons(systemDisk, root);
  if (known[kind] === reason && (reason !== undefined || Object.keys(known).length === 0)) return false;
  const reasons = reason === undefined ? {} : { ...known, [kind]: reason };
  const token = Buffer.from(randomBytes(8)).toString('hex');
  writeLastReasons(forOwner(systemDisk, root), root, { reasons, token });
  return true;
}

/** What a drain leaves that could not begin, or go on. */
export type Left = LeftInQueues & Pick<DrainSummary, 'waiting'>;

/** What is queued, read without the lock; undefined where that cannot be read. */
export async function readLeft({ spool, env }: DrainPlace): Promise<Left | undefined> {
  const moment = momentOf(systemClock);
  const queues: Queued[] = [];
  try {
    const found = openSpool(spoolPath(env, spool));
    for await (const { endpoint, waiting, retrying, health } of found.backlog()) {
      const count = waiting + retrying;
      if (count > 0)
        queues.push(queuedOf({ endpoint, count, retrying, health, conduct: endpointDefaults }, moment));
    }
    return { ...leftIn(queues), waiting: await found.waiting() };
  } catch (error) {
    if (!(error instanceof CapnhookError) && errnoOf(error) === undefined) throw error;
    return undefined; // there is no spool, or not one of ours
  }
}

/** A summary, and why the drain ended with an error; without what is left where that cannot be read. */
export type FailedSummary = Partial<DrainSummary> & { error: ErrorData };

/**
 * The summary of a drain that ended with an error.
 * @param done what it had done until then; default: nothing
 */
export async function summaryOfError(
  cause: CapnhookError,
  { done, ...place }: DrainPlace & { done?: DrainSummary | undefined },
): Promise<FailedSummary> {
  const error = errorData(cause);
  if (done !== undefined) return { ...done, error };
  const left = await readLeft(place);
  if (left === undefined) return { error };
  return { ...emptySummary(), ...left, error };
}

/** The drain's side of the file spool: the holder of the lock owns every endpoint. */
import { watch } from 'node:fs';
import { ignoreErrno } from '../../../shared/errors.js';
import type { DrainSide } from '../../spool.js';
import { createRequestReports } from '../control/request-reports.js';
import { noteProgress, readRequests, removeRequest } from '../control/requests.js';
import { countIncoming } from '../incoming/incoming.js';
import type { SpoolLock } from '../lock/lock.js';
import type { Ballast } from '../setup/ballast.js';
import { expireUnclaimed } from '../unclaimed/unclaimed-expiry.js';
import { readUnclaimedReports, saveUnclaimedReports } from '../unclaimed/unclaimed-reports.js';
import { createEndpointsById } from './by-id.js';
import { createClaims } from './claims.js';
import { createFinishing, type Finishing } from './finishing.js';
import { createIntakeSteps } from './intake-steps.js';
import { createOwnedEndpoints } from './owned-endpoints.js';
import { createDiscardSteps } from './requests/discard-steps.js';
import { createImportSteps } from './requests/import-steps.js';
import { createReplaySteps, createRetrySteps } from './requests/retry-steps.js';
import { type DrainSideOptions, type DrainTools, openTools } from './tools.js';

/** Opens the spool for draining, after putting in order what an earlier drain left half done. */
export async function openDrainSide(
  ballast: Ballast,
  root: string,
  options: DrainSideOptions,
): Promise<Omit<DrainSide, 'outbox'>> {
  const tools = await openTools(ballast, root, options);
  const { disk, inbox, intake } = tools;
  const claims = createClaims(tools);
  const finishing = createFinishing(tools, claims);
  const steps = createIntakeSteps(tools, claims);
  const queues = createOwnedEndpoints(tools, { claims, finishing, steps });
  return {
    queues,
    byId: createEndpointsById(tools),
    ...unclaimedSide(tools),
    ...requestSide(tools),
    intake: steps.intake,
    waiting: async () => Math.max(countIncoming(disk, root) - intake.immovable() - inbox.size(), 0),
    discard: createDiscardSteps(tools),
    retry: createRetrySteps(tools),
    replay: createReplaySteps(tools),
    import: createImportSteps(tools),
    onHint: (hint) => watchIncoming(root, hint),
    isValid: () => options.lock.isValid(),
    close: () => close(tools, { lock: options.lock, removeDelivered: finishing.removeDelivered }),
  };
}

function unclaimedSide({
  disk,
  root,
  now,
  token,
}: DrainTools): Pick<DrainSide, 'expireUnclaimed' | 'unclaimedReports' | 'saveUnclaimedReports'> {
  return {
    expireUnclaimed: ({ keepMs }) => expireUnclaimed(disk, root, { keepMs, now: now() }),
    unclaimedReports: async () => readUnclaimedReports(disk, root),
    async saveUnclaimedReports(reports) {
      saveUnclaimedReports(disk, root, { reports, token });
    },
  };
}

function requestSide({
  disk,
  root,
  now,
  token,
  quarantined,
}: DrainTools): Pick<DrainSide, 'requests' | 'noteProgress' | 'finishRequest'> {
  const reports = createRequestReports(disk, root, token);
  return {
    requests() {
      const found = readRequests(disk, root, now());
      quarantined.push(...found.quarantined);
      return { requests: found.requests, unknown: reports.newOf(found.unknown) };
    },
    noteProgress: (id) => noteProgress(disk, root, { id, nowMs: now() }),
    finishRequest: (id) => removeRequest(disk, root, id),
  };
}

async function close(
  tools: DrainTools,
  { lock, removeDelivered }: { lock: SpoolLock } & Pick<Finishing, 'removeDelivered'>,
): Promise<void> {
  const { health, answers, sync, intake, texts, marks } = tools;
  try {
    if (lock.isValid()) await putInOrder(tools, removeDelivered);
  } finally {
    for (const each of [health, answers, sync]) each.cancel();
    for (const each of [intake, texts, marks]) each.close();
    await lock.release();
  }
}

/** What fails here, the next drain does again; it must not hide the error that a drain has ended with. */
async function putInOrder(
  { intake, health, answers, sync, sentSizes, readers, ballast }: DrainTools,
  removeDelivered: () => Promise<void>,
): Promise<void> {
  for (const work of [
    removeDelivered, // before what is left in `incoming/` is queued
    intake.placeRest,
    health.flush,
    answers.flush,
    sentSizes.close,
    sync.flush,
    readers.tidy,
    ballast.restore,
  ]) {
    try {
      await work();
    } catch (error) {
      ignoreErrno(error);
    }
  }
}

/** Calls back when there may be new events. Where the system has no watches left it never does: the rescan finds them. */
function watchIncoming(root: string, hint: () => void): () => void {
  try {
    const watcher = watch(`${root}/incoming`, () => hint());
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {}; // EMFILE, ENOSPC
  }
}

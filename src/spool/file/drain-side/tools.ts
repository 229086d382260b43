/** Everything that a drain's side works with, opened after an earlier drain's work was put in order. */
import type { CapnhookError } from '../../../shared/errors.js';
import type { EntryProblem } from '../../spool.js';
import { createProgressMarks, type ProgressMarks } from '../batch/batch-progress.js';
import { type BatchTexts, createBatchTexts } from '../batch/batch-texts.js';
import { batchFilesOf } from '../batch/segment.js';
import { createDeliveryFiles, type DeliveryFiles } from '../deliveries/delivery-files.js';
import { createDeliveryReader, type DeliveryReader } from '../deliveries/delivery-reader.js';
import { createRecentEvents, type RecentEvents } from '../deliveries/recent-events.js';
import { createDirectorySync, type DirectorySync } from '../disk/directory-sync.js';
import type { Disk } from '../disk/disk.js';
import { defaultStillMs } from '../disk/stillness.js';
import { type AnswerFiles, createAnswerFiles } from '../endpoints/answer-files.js';
import { createEndpointFiles } from '../endpoints/endpoint-files.js';
import { createHealthFiles, type HealthFiles } from '../endpoints/health-files.js';
import { createInboxDeliveries, type InboxDeliveries } from '../incoming/inbox-deliveries.js';
import { createIntake, type Intake } from '../intake/intake.js';
import type { SpoolLock } from '../lock/lock.js';
import { createQueueWriter, type QueueWriter } from '../placing/queue-writer.js';
import { createQueueReaders, type QueueReaders } from '../readers/queue-readers.js';
import { createSentFiles, type SentFiles } from '../sent/sent-files.js';
import { createSentSizes, type SentSizes } from '../sent/sent-sizes.js';
import type { Ballast } from '../setup/ballast.js';
import { recover } from './recovery.js';

export interface DrainSideOptions {
  lock: SpoolLock;
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** A name for a temporary file, unique. */
  token(): string;
  /** Maximum number of names of deliveries in memory; default {@link defaultMaxNames}. */
  maxNames?: number;
  /** How long an entry of `incoming/` must be still before it is quarantined, in ms; default {@link defaultStillMs}. */
  stillMs?: number | undefined;
  /** Maximum number of names in one listing of `incoming/`; default 65,536. */
  listed?: number | undefined;
  /** A failed system call, in words. */
  inWords(error: unknown): CapnhookError;
}

/** Names of deliveries in memory, over all endpoints. */
const defaultMaxNames = 262_144;

export interface DrainTools {
  disk: Disk;
  root: string;
  now(): number;
  token(): string;
  ballast: Ballast;
  sync: DirectorySync;
  marks: ProgressMarks;
  texts: BatchTexts;
  answers: AnswerFiles;
  health: HealthFiles;
  files: DeliveryFiles;
  sent: SentFiles;
  sentSizes: SentSizes;
  reader: DeliveryReader;
  recent: RecentEvents;
  readers: QueueReaders;
  inbox: InboxDeliveries;
  intake: Intake;
  /** What was quarantined, and is not reported yet. */
  quarantined: EntryProblem[];
  /** Whether deliveries may be in queues that the readers do not know of. */
  strays: { mayExist: boolean };
  inWords(error: unknown): CapnhookError;
}

/** Puts the spool in order, and opens it. @throws as {@link recover} */
export async function openTools(
  ballast: Ballast,
  root: string,
  options: DrainSideOptions,
): Promise<DrainTools> {
  ballast.make();
  const { disk } = ballast;
  const { now, token } = options;
  const { quarantined, unsettled, found } = await recover(disk, root, now());
  const sync = createDirectorySync(disk);
  const marks = createProgressMarks(disk);
  const texts = createBatchTexts(disk, now);
  const recent = createRecentEvents(disk, root, now);
  const files = createDeliveryFiles(disk, root, { sync, marks, token });
  const sentSizes = createSentSizes(disk, root, token);
  const tools = {
    disk,
    root,
    now,
    token,
    ballast,
    sync,
    marks,
    texts,
    recent,
    quarantined,
    answers: createAnswerFiles(disk, root, token),
    health: createHealthFiles(disk, root, token, createEndpointFiles(disk, root)),
    files,
    sentSizes,
    sent: createSentFiles(disk, root, { files, sizes: sentSizes, now }),
    reader: createDeliveryReader(disk, root, { texts, recent, now }),
    writer: createQueueWriter(disk, root, token),
    inbox: createInboxDeliveries((endpoint) => readers.hasOther(endpoint)),
    strays: { mayExist: false },
    inWords: options.inWords,
  };
  const { maxNames = defaultMaxNames } = options;
  const readers: QueueReaders = createQueueReaders(disk, root, {
    found,
    unsettled,
    texts,
    maxNames,
    now,
    hasOthers: tools.inbox.isReady,
    onQuarantined: (entry) => quarantined.push(entry),
    ...removalsHeardBy(tools),
  });
  return { ...tools, readers, intake: openIntake({ ...tools, readers }, options) };
}

type OpenTools = Omit<DrainTools, 'readers' | 'intake'> & { writer: QueueWriter };

/** What is known of segments and endpoints goes with them. */
function removalsHeardBy({ root, writer, marks, texts, files, health }: OpenTools): {
  onRemoved(endpoint: string, segment: string): void;
  onDone(endpoint: string): void;
} {
  return {
    onRemoved(endpoint, segment) {
      writer.removed(endpoint, segment);
      const batch = batchFilesOf(`${root}/queue/${endpoint}/${segment}`);
      if (batch === undefined) return;
      marks.forget(batch.progress);
      texts.removed();
    },
    onDone(endpoint) {
      for (const each of [writer, files, health]) each.forget(endpoint);
    },
  };
}

function openIntake(
  { disk, root, writer, inbox, readers, recent, strays }: OpenTools & { readers: QueueReaders },
  { now, random, token, stillMs = defaultStillMs, listed }: DrainSideOptions,
): Intake {
  return createIntake(disk, root, {
    writer,
    inbox,
    now,
    random,
    token,
    stillMs,
    listed,
    isOwing(endpoint) {
      const queue = readers.find(endpoint);
      return queue !== undefined && readers.isOwing(queue);
    },
    onStray() {
      strays.mayExist = true;
    },
    onQueued(queued, file) {
      readers.queued(queued);
      if (!('event' in file) || queued.kind === 'there') return;
      const { endpoint, segment, name } = queued;
      recent.add({ directory: `queue/${endpoint}/${segment}`, name }, { event: file.event, stat: file.stat });
    },
  });
}

/**
 * Checking a batch of `incoming/`, a slice at a time: every line is looked at
 * before any of its events may be sent.
 */
import { setImmediate } from 'node:timers/promises';
import { isGeneratedId } from '../../../event/event-id.js';
import type { ParsedHeader } from '../../../event/header.js';
import { checkLine, maxBatchEvents, tooMany } from '../../../event/payload.js';
import {
  batchCountProblem,
  batchIdProblem,
  mayBeHalf,
  type ParsedBatchHeader,
  unended,
} from '../../../event/record.js';
import type { BatchFile, EventFile } from '../batch/accepted-file.js';
import { headerOf } from '../batch/delivery-file.js';
import type { Disk } from '../disk/disk.js';
import type { Stillness } from '../disk/stillness.js';
import { discard, syncDirectory } from '../disk/write-file.js';
import { claimName } from '../incoming/claim-name.js';
import { closeBatch, hasChanged, type OpenBatch, openBatch } from './open-batch.js';

/**
 * Result of a step. `good`: it has its id for a name now. `more`: call again with the same name. `gone`: it was removed
 * meanwhile. `unfit`: it is to be quarantined. `changing`: it may still be being written. `taken`: another batch has the
 * name that is to be its own.
 */
export type CheckStep =
  | { kind: 'good'; batch: BatchFile }
  | { kind: 'more' | 'gone' | 'changing' }
  | { kind: 'taken'; id: string }
  | { kind: 'unfit'; reason: string };

export interface BatchCheck {
  /**
   * Goes on with a batch of `incoming/`, until `mayGoOn` says no.
   * @throws the errno of what failed; the batch is then still there
   */
  step(name: string, mayGoOn: () => boolean): Promise<CheckStep>;
  /** A batch that was good is placed, or is not to be placed. Single events are left alone. */
  release(file: BatchFile | EventFile): void;
  /** Lets go of a batch that is checked in part; the next step begins with it again. */
  close(): void;
}

export interface BatchCheckOptions {
  /** Makes up an id. */
  nextId(): string;
  /** A name for a temporary file, unique. */
  token(): string;
  stillness: Stillness;
}

/** Number of events after which answers in flight have their turn. */
const yieldEvery = 256;

/** Makes a check of one batch at a time. */
export function createBatchCheck(disk: Disk, root: string, options: BatchCheckOptions): BatchCheck {
  let current: OpenBatch | undefined;

  function close(batch: OpenBatch, { keep }: { keep: boolean }): void {
    closeBatch(disk, root, { batch, keep });
  }

  return {
    async step(name, mayGoOn) {
      const known = current?.name === name ? current : undefined;
      if (known === undefined && current !== undefined) close(current, { keep: false });
      current = undefined; // after an error it is begun again
      const opened = known ?? openBatch(disk, root, { ...options, name });
      if ('kind' in opened) return opened;
      let result: CheckStep | undefined;
      try {
        result = (await advance(opened, mayGoOn)) ?? finish(disk, root, { batch: opened, options });
        return result;
      } finally {
        if (result?.kind === 'more') current = opened;
        else close(opened, { keep: result?.kind === 'good' });
      }
    },
    release(file) {
      if ('source' in file && file.source !== file.path) discard(disk, file.source);
    },
    close() {
      if (current !== undefined) close(current, { keep: false });
      current = undefined;
    },
  };
}

/** Looks at lines until there is no more time; undefined if there are no more lines. */
async function advance(batch: OpenBatch, mayGoOn: () => boolean): Promise<CheckStep | undefined> {
  const { text } = batch;
  if (!text.header.ok) return { kind: 'unfit', reason: text.header.reason };
  for (let line = text.lineAt(batch.offset); line !== undefined; line = text.lineAt(line.end)) {
    const checked = checkLine(line.bytes) ?? undefined;
    const isWhole = line.end > batch.offset + line.bytes.length || !mayBeHalf(line.bytes);
    batch.line += 1;
    batch.offset = line.end;
    if (checked === undefined) continue;
    const { ok, reason } = batch.count === maxBatchEvents ? tooMany : { reason: '', ...checked };
    if (!ok || !isWhole) return { kind: 'unfit', reason: `line ${batch.line}: ${ok ? unended : reason}` };
    batch.count += 1;
    if (batch.count % yieldEvery !== 0) continue;
    if (!mayGoOn()) return { kind: 'more' };
    await setImmediate();
  }
  return undefined;
}

/** Decides on a batch whose lines are all good, and gives it its id for a name. */
function finish(
  disk: Disk,
  root: string,
  { batch, options }: { batch: OpenBatch; options: BatchCheckOptions },
): CheckStep {
  const { name, ino, size, text, source, count, line } = batch;
  const { stillness } = options;
  const incoming = `${root}/incoming`;
  if (!text.header.ok) return { kind: 'unfit', reason: text.header.reason };
  if (hasChanged(disk, root, batch)) {
    stillness.isStill(name, { path: `${incoming}/${name}`, reason: 'it has changed while it was read' });
    return { kind: 'changing' };
  }
  const reason = unfitness(text.header, { count, line });
  if (reason !== undefined) return { kind: 'unfit', reason };
  const { id, isTaken } = claimId(disk, root, { name, given: text.header, nextId: options.nextId });
  if (isTaken) return { kind: 'taken', id };
  const header = headerOf(text.header, { id, stat: text.stat });
  const path = `${incoming}/${id}.jsonl`;
  stillness.forget(name);
  const linked = source === `${incoming}/${name}` ? path : source;
  return { kind: 'good', batch: { header, path, ino, size, source: linked, stat: text.stat, count } };
}

function unfitness(
  header: ParsedBatchHeader,
  { count, line }: { count: number; line: number },
): string | undefined {
  if (count === 0) return `line ${Math.max(line, 2)}: no payload in it`;
  return (batchCountProblem(header, count) ?? batchIdProblem(header, count))?.reason;
}

/** Gives the batch its id for a name, before any of its events has one: a crash must not give them others. */
function claimId(
  disk: Disk,
  root: string,
  { name, given, nextId }: { name: string; given: ParsedHeader; nextId(): string },
): { id: string; isTaken: boolean } {
  const incoming = `${root}/incoming`;
  const stem = name.slice(0, -'.jsonl'.length);
  const chosen = given.id ?? (isGeneratedId(stem) ? stem : undefined);
  const id = chosen ?? nextId();
  if (id === stem) return { id, isTaken: false };
  const to = `${incoming}/${id}.jsonl`;
  const result = claimName(disk, `${incoming}/${name}`, { to, isNew: chosen === undefined });
  if (result === 'claimed') syncDirectory(disk, incoming);
  return { id, isTaken: result === 'taken' };
}

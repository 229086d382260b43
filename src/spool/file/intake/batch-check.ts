/**
 * Checking a batch of `incoming/`, a slice at a time: every line is looked at
 * before any of its events may be sent. A batch that others could still change
 * is copied first, and the copy is what is checked.
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
import type { BatchFile } from '../batch/accepted-file.js';
import { type BatchText, openBatchText } from '../batch/batch-text.js';
import { headerOf } from '../batch/delivery-file.js';
import type { Disk } from '../disk/disk.js';
import { privateFile } from '../disk/layout.js';
import type { Stillness } from '../disk/stillness.js';
import { copyDurably, discard, syncDirectory } from '../disk/write-file.js';
import { isOurs } from '../placing/place-file.js';
import { settleName } from './claim-name.js';

/**
 * What a step came to. `good`: it has its id for a name now. `more`: call again with the same name. `gone`: somebody
 * took it. `unfit`: it is to be put aside. `changing`: it may still be being written. `taken`: another batch has the name that is to be its own.
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
  /** A batch that was good is done with, or not wanted any more. */
  release(batch: BatchFile): void;
  /** Lets go of a batch that is half checked; it is begun anew with the next step. */
  close(): void;
}

export interface BatchCheckOptions {
  /** Makes up an id. */
  nextId(): string;
  /** A name for a temporary file, unique. */
  token(): string;
  stillness: Stillness;
}

/** The one batch that is being checked. */
interface OpenBatch {
  name: string;
  /** Of the file in `incoming/`. */
  ino: number;
  size: number;
  mtimeMs: number;
  text: BatchText;
  /** The file that is read: the same, or a copy. */
  source: string;
  /** Where the next line begins, and its number. */
  offset: number;
  line: number;
  /** Events so far. */
  count: number;
}

const yieldEvery = 256;

/** Nothing is checked yet. */
export function createBatchCheck(disk: Disk, root: string, options: BatchCheckOptions): BatchCheck {
  const incoming = `${root}/incoming`;
  const { stillness } = options;
  let current: OpenBatch | undefined;

  function open(name: string): OpenBatch | CheckStep {
    const path = `${incoming}/${name}`;
    const opened = openBatchText(disk, path);
    if (opened.kind === 'gone') return { kind: 'gone' };
    if (opened.kind === 'unreadable') return { kind: 'unfit', reason: opened.reason };
    let { text } = opened;
    const { ino, size, mtimeMs } = text.stat;
    const isCounted = text.header.ok && text.header.events !== undefined;
    if (!isCounted && !stillness.isStill(name, { path, reason: 'more lines may come' })) {
      text.close();
      return { kind: 'changing' };
    }
    let source = path;
    if (!isOurs(text.stat)) {
      text.close();
      source = `${root}/tmp/${options.token()}`;
      copyDurably(disk, path, { to: source, mode: privateFile });
      const copied = openBatchText(disk, source);
      if (copied.kind !== 'open') {
        discard(disk, source);
        return { kind: 'unfit', reason: copied.kind === 'unreadable' ? copied.reason : 'it is gone' };
      }
      text = copied.text;
    }
    return { name, ino, size, mtimeMs, text, source, offset: text.begin, line: 1, count: 0 };
  }

  function close({ text, source, name }: OpenBatch, { keep }: { keep: boolean }): void {
    text.close();
    if (!keep && source !== `${incoming}/${name}`) discard(disk, source);
  }

  /** Gives the batch its id for a name, before any of its events has one: a crash must not give them others. */
  function settleId(name: string, { id: given }: ParsedHeader): { id: string; isTaken: boolean } {
    const stem = name.slice(0, -'.jsonl'.length);
    const chosen = given ?? (isGeneratedId(stem) ? stem : undefined);
    const id = chosen ?? options.nextId();
    if (id === stem) return { id, isTaken: false };
    const to = `${incoming}/${id}.jsonl`;
    const settled = settleName(disk, `${incoming}/${name}`, { to, isNew: chosen === undefined });
    if (settled === 'settled') syncDirectory(disk, incoming);
    return { id, isTaken: settled === 'taken' };
  }

  /** Looks at lines until there is no more time, or no more of them. */
  async function advance(batch: OpenBatch, mayGoOn: () => boolean): Promise<CheckStep> {
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
      await setImmediate(); // answers in flight are not kept waiting
    }
    return finish(batch, text.header);
  }

  /** Whether the file in `incoming/` is what it was when the check began. */
  function hasChanged({ name, ino, size, mtimeMs }: OpenBatch): boolean {
    const stat = disk.lstatSync(`${incoming}/${name}`, { throwIfNoEntry: false });
    return stat?.ino !== ino || stat.size !== size || stat.mtimeMs !== mtimeMs;
  }

  function finish(batch: OpenBatch, parsed: ParsedBatchHeader): CheckStep {
    const { name, ino, size, text, source, count, line } = batch;
    if (hasChanged(batch)) {
      stillness.isStill(name, { path: `${incoming}/${name}`, reason: 'it has changed while it was read' });
      return { kind: 'changing' };
    }
    if (count === 0) return { kind: 'unfit', reason: `line ${Math.max(line, 2)}: no payload in it` };
    const problem = batchCountProblem(parsed, count) ?? batchIdProblem(parsed, count);
    if (problem !== undefined) return { kind: 'unfit', reason: problem.reason };
    const { id, isTaken } = settleId(name, parsed);
    if (isTaken) return { kind: 'taken', id };
    const header = headerOf(parsed, { id, stat: text.stat });
    const path = `${incoming}/${id}.jsonl`;
    stillness.forget(name);
    const linked = source === `${incoming}/${name}` ? path : source;
    return { kind: 'good', batch: { header, path, ino, size, source: linked, stat: text.stat, count } };
  }

  return {
    async step(name, mayGoOn) {
      const known = current?.name === name ? current : undefined;
      if (known === undefined && current !== undefined) close(current, { keep: false });
      current = undefined; // whatever fails or ends, it need not be kept
      const opened = known ?? open(name);
      if ('kind' in opened) return opened;
      let result: CheckStep | undefined;
      try {
        result = await advance(opened, mayGoOn);
        return result;
      } finally {
        if (result?.kind === 'more') current = opened;
        else close(opened, { keep: result?.kind === 'good' });
      }
    },
    release({ source, path }) {
      if (source !== path) discard(disk, source);
    },
    close() {
      if (current !== undefined) close(current, { keep: false });
      current = undefined;
    },
  };
}

/**
 * Checking a batch of `incoming/`, a slice at a time: every line is looked at
 * before any of its events may be sent. A batch that others could still change
 * is copied first, and the copy is what is checked.
 */
import { setImmediate } from 'node:timers/promises';
import { createEventId, isGeneratedId } from '../../event/event-id.js';
import { checkLine, maxBatchEvents, tooMany } from '../../event/payload.js';
import { batchIdProblem } from '../../event/record.js';
import type { BatchFile } from './accepted-file.js';
import { type BatchText, openBatchText } from './batch-text.js';
import { headerOf } from './delivery-file.js';
import type { Disk } from './disk.js';
import { privateFile } from './layout.js';
import { isOurs } from './place-file.js';
import { settleName } from './settle-name.js';
import { copyDurably, discard, syncDirectory } from './write-file.js';

/**
 * What a step came to. `more`: call again with the same name. `renamed`: call again with this name. `gone`: somebody
 * took it. `unfit`: it is to be put aside. `conflict`: another batch has its id and name.
 */
export type CheckStep =
  | { kind: 'good'; batch: BatchFile }
  | { kind: 'more' | 'gone' }
  | { kind: 'renamed'; name: string }
  | { kind: 'conflict'; id: string }
  | { kind: 'unfit'; reason: string };

export interface BatchCheck {
  /**
   * Goes on with a batch of `incoming/`, until `mayGoOn` says no.
   * @throws the errno of what failed; the batch is then still there
   */
  step(name: string, mayGoOn: () => boolean): Promise<CheckStep>;
  /** A batch that was good is done with, or not wanted any more. */
  release(batch: BatchFile): void;
}

export interface BatchCheckOptions {
  /** ms since the epoch. */
  now(): number;
  /** Ten random bytes. */
  random(): Uint8Array;
  /** A name for a temporary file, unique. */
  token(): string;
}

/** The one batch that is being checked. */
interface OpenBatch {
  name: string;
  /** Of the file in `incoming/`. */
  ino: number;
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
  let current: OpenBatch | undefined;

  function open(name: string): OpenBatch | CheckStep {
    const path = `${incoming}/${name}`;
    const opened = openBatchText(disk, path);
    if (opened.kind === 'gone') return { kind: 'gone' };
    if (opened.kind === 'unreadable') return { kind: 'unfit', reason: opened.reason };
    let { text } = opened;
    const { ino } = text.stat;
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
    return { name, ino, text, source, offset: text.begin, line: 1, count: 0 };
  }

  function close({ text, source, name }: OpenBatch, { keep }: { keep: boolean }): void {
    text.close();
    if (!keep && source !== `${incoming}/${name}`) discard(disk, source);
  }

  /** The id must be settled before anything else is: a crash must not give its events others. */
  function settleId(batch: OpenBatch): CheckStep | undefined {
    const { header } = batch.text;
    if (!header.ok) return { kind: 'unfit', reason: header.reason };
    const stem = batch.name.slice(0, -'.jsonl'.length);
    const chosen = header.id ?? (isGeneratedId(stem) ? stem : undefined);
    const id = chosen ?? createEventId(options.now(), options.random());
    if (id === stem) return undefined;
    const name = `${id}.jsonl`;
    const isNew = chosen === undefined;
    if (settleName(disk, `${incoming}/${batch.name}`, { to: `${incoming}/${name}`, isNew }) === 'taken')
      return { kind: 'conflict', id };
    syncDirectory(disk, incoming);
    return { kind: 'renamed', name };
  }

  /** Looks at lines until there is no more time, or no more of them. */
  async function advance(batch: OpenBatch, mayGoOn: () => boolean): Promise<CheckStep> {
    const { text } = batch;
    for (let line = text.lineAt(batch.offset); line !== undefined; line = text.lineAt(line.end)) {
      const checked = checkLine(line.bytes) ?? undefined;
      batch.line += 1;
      batch.offset = line.end;
      if (checked === undefined) continue;
      const { ok, reason } = batch.count === maxBatchEvents ? tooMany : { reason: '', ...checked };
      if (!ok) return { kind: 'unfit', reason: `line ${batch.line}: ${reason}` };
      batch.count += 1;
      if (batch.count % yieldEvery !== 0) continue;
      if (!mayGoOn()) return { kind: 'more' };
      await setImmediate(); // answers in flight are not kept waiting
    }
    return finish(batch);
  }

  function finish({ name, ino, text, source, count, line }: OpenBatch): CheckStep {
    if (count === 0) return { kind: 'unfit', reason: `line ${Math.max(line, 2)}: no payload in it` };
    const id = name.slice(0, -'.jsonl'.length);
    const problem = batchIdProblem({ id }, count);
    if (problem !== undefined) return { kind: 'unfit', reason: problem.reason };
    const header = headerOf(text.header.ok ? text.header : {}, { id, stat: text.stat });
    const path = `${incoming}/${name}`;
    return { kind: 'good', batch: { header, path, ino, source, stat: text.stat, count } };
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
        result = settleId(opened) ?? (await advance(opened, mayGoOn));
        return result;
      } finally {
        if (result?.kind === 'more') current = opened;
        else close(opened, { keep: result?.kind === 'good' });
      }
    },
    release({ source, path }) {
      if (source !== path) discard(disk, source);
    },
  };
}

/** Reading a batch a window at a time, and the marks in its progress. */
import { linkSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchText, isBlank, openBatchText } from '../../../../src/spool/file/batch/batch-text.js';
import { createBatchTexts } from '../../../../src/spool/file/batch/batch-texts.js';
import { growthOf } from '../../../../src/spool/file/batch/grown-batch.js';
import { type Disk, systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { openSegment } from '../../../../src/spool/file/queue/segment-source.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { onLinux, openBelow } from '../../../support/open-files.js';
import { quickDir } from '../../../support/spool-kit.js';

const header = '{"id":"b","hook":"x"}';
const windowBytes = 65_536;

function opened(path: string): BatchText {
  const result = openBatchText(systemDisk, path);
  if (result.kind !== 'open') throw new Error(result.kind);
  return result.text;
}

/** All lines behind the header, as text. */
function linesOf(text: BatchText): string[] {
  const found: string[] = [];
  for (let line = text.lineAt(text.begin); line !== undefined; line = text.lineAt(line.end))
    found.push(Buffer.from(line.bytes).toString());
  return found;
}

/** Lines of all lengths: none, one byte, about a window, over several; some with white space around them, some blank. */
const lines = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.nat(99).map(String) },
    { weight: 2, arbitrary: fc.constantFrom('', ' ', '\r', ' 1 \r', '\t"x"') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(1, 2, 3, 9), fc.integer({ min: -3, max: 3 }))
        .map(([windows, more]) => `"${'x'.repeat(windows * windowBytes + more)}"`),
    },
  ),
  { maxLength: 40 },
);

describe('openBatchText()', () => {
  it('lineAt() and offsetOf() find what a split at line feeds finds, in whatever order they are asked', () => {
    const path = `${quickDir()}/b.jsonl`;
    fc.assert(
      fc.property(lines, fc.boolean(), fc.array(fc.nat(60)), (all, hasFeed, asked) => {
        writeFileSync(path, [header, ...all].join('\n') + (hasFeed ? '\n' : ''));
        const text = opened(path);
        const expected = readFileSync(path, 'utf8').split('\n').slice(1);
        if (expected.at(-1) === '') expected.pop();
        expect(linesOf(text)).toEqual(expected);
        const events = expected.filter((line) => line.trim() !== '');
        for (const index of asked) {
          const offset = text.offsetOf(index);
          const line = offset === undefined ? undefined : text.lineAt(offset);
          expect(line && Buffer.from(line.bytes).toString()).toBe(events[index]);
        }
        text.close();
      }),
      { numRuns: 60 },
    );
  });

  it('offsetOf() finds the events of a long batch forwards, backwards and anywhere', () => {
    const path = `${quickDir()}/b.jsonl`;
    const count = 5_000;
    writeFileSync(path, [header, ...Array.from({ length: count }, (_, n) => `${n}\n`)].join('\n'));
    const text = opened(path);
    const at = (index: number) => Buffer.from(text.lineAt(text.offsetOf(index)!)!.bytes).toString();
    for (const index of [0, 4_999, 1_023, 1_024, 1_025, 2_048, 3_000, 1, 4_096, 2_047])
      expect(at(index)).toBe(String(index));
    expect(text.offsetOf(count)).toBeUndefined();
    text.close();
  });

  it('lineAt() finds nothing where the file has become shorter', () => {
    const path = `${quickDir()}/b.jsonl`;
    writeFileSync(path, [header, '1', `"${'x'.repeat(3 * windowBytes)}"`, '2', ''].join('\n'));
    const text = opened(path);
    const last = text.offsetOf(2)!;
    truncateSync(path, 10);
    text.offsetOf(1);
    expect(text.lineAt(last + 3)).toBeUndefined();
    text.close();
  });

  it('lineAt() keeps nothing of long lines in memory', () => {
    const path = `${quickDir()}/b.jsonl`;
    const long = `"${'x'.repeat(8 << 20)}"`;
    writeFileSync(path, [header, long, '1', long, '2', ''].join('\n'));
    const text = opened(path);
    const before = process.memoryUsage().arrayBuffers;
    expect(linesOf(text).map(({ length }) => length)).toEqual([long.length, 1, long.length, 1]);
    (globalThis as { gc?: () => void }).gc?.();
    expect(text.lineAt(0)).toBeDefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(120 << 20);
    text.close();
  });

  it('isBlank() is true of white space alone', () => {
    const of = (text: string) => isBlank({ bytes: Buffer.from(text), end: 0 });
    expect(['', ' ', '\r', '\t \r'].map(of)).toEqual([true, true, true, true]);
    expect(['1', ' 1', '\u00a0', '\u000b', 'x'].map(of)).toEqual([false, false, false, false, false]);
  });

  it('openBatchText() closes a file whose header cannot be read', () => {
    const directory = quickDir();
    writeFileSync(`${directory}/b.jsonl`, header);
    const { disk } = faultyDisk(({ name }) => (name === 'readSync' ? 'EIO' : undefined));
    expect(() => openBatchText(disk, `${directory}/b.jsonl`)).toThrow('EIO');
    if (process.platform === 'linux') expect(openBelow(directory)).toBe(0);
  });
});

describe('createBatchTexts()', () => {
  onLinux('open() keeps 16 batches open, and reads one that it has let go as before', () => {
    const directory = quickDir();
    const texts = createBatchTexts(systemDisk, () => 0);
    const path = (n: number) => `${directory}/b${n}.jsonl`;
    for (let n = 0; n < 40; n += 1) writeFileSync(path(n), `${header}\n"of ${n}"\n`);
    const read = (n: number) => {
      const result = texts.open(path(n));
      if (result.kind !== 'open') throw new Error(result.kind);
      return linesOf(result.text);
    };
    for (let n = 0; n < 40; n += 1) expect(read(n)).toEqual([`"of ${n}"`]);
    expect(openBelow(directory)).toBe(16);
    for (const n of [0, 39, 20, 0]) expect(read(n)).toEqual([`"of ${n}"`]);
    expect(openBelow(directory)).toBe(16);
    texts.close();
    expect(openBelow(directory)).toBe(0);
  });

  onLinux('open() reads a batch with several names once, and removed() lets go of one without any', () => {
    const directory = quickDir();
    const texts = createBatchTexts(systemDisk, () => 0);
    writeFileSync(`${directory}/a.jsonl`, `${header}\n1\n`);
    linkSync(`${directory}/a.jsonl`, `${directory}/b.jsonl`);
    const [a, b] = ['a', 'b'].map((name) => texts.open(`${directory}/${name}.jsonl`));
    expect(a).toEqual(b);
    expect(openBelow(directory)).toBe(1);
    rmSync(`${directory}/a.jsonl`);
    texts.removed();
    expect(openBelow(directory)).toBe(1);
    rmSync(`${directory}/b.jsonl`);
    texts.removed();
    expect(openBelow(directory)).toBe(0);
    expect(texts.open(`${directory}/b.jsonl`)).toEqual({ kind: 'gone' });
    writeFileSync(`${directory}/b.jsonl`, `${header}\n2\n`);
    texts.removed();
    expect(texts.open(`${directory}/b.jsonl`)).toMatchObject({ kind: 'open' });
    texts.close();
  });
});

describe('openSegment()', () => {
  it('next() hands out each event of a batch that is owed and not taken, in order, with its place', () => {
    const root = quickDir();
    let runs = 0;
    fc.assert(
      fc.property(
        lines,
        fc.infiniteStream(fc.constantFrom('.', '.', 'x', '>', '?')),
        fc.array(fc.nat(40)),
        (all, bytes, some) => {
          const events = all.filter((line) => line.trim() !== '');
          fc.pre(events.length > 0);
          const segment = `0000000${(runs++ % 9) + 1}.${events.length}.b`;
          const directory = `queue/a/${segment}`;
          mkdirSync(`${root}/${directory}`, { recursive: true });
          writeFileSync(`${root}/${directory}/b.jsonl`, [header, ...all].join('\n'));
          const progress = events.map(() => bytes.next().value as string).join('');
          writeFileSync(`${root}/${directory}/b.done`, progress);
          const owed = events.map((_, index) => index).filter((index) => progress[index] !== 'x');
          const taken = new Set(some.flatMap((n) => (owed[n] === undefined ? [] : [`b_${owed[n] + 1}`])));
          const texts = createBatchTexts(systemDisk, () => 0);
          let free = -1;
          const source = openSegment(systemDisk, root, {
            ...{ directory, segment, texts, window: () => 8, taken: () => taken },
            onFree: (count) => {
              free = count;
            },
          });
          const expected = owed.filter((index) => !taken.has(`b_${index + 1}`));
          expect(free).toBe(expected.length);
          for (const index of expected) {
            expect(source.hasMore()).toBe(true);
            const slot = source.next()!;
            expect([slot.name, slot.member?.index]).toEqual([`b_${index + 1}`, index]);
            const batch = texts.open(`${root}/${directory}/b.jsonl`);
            const line = batch.kind === 'open' && batch.text.lineAt(slot.member!.place!.offset);
            expect(line && Buffer.from(line.bytes).toString()).toBe(events[index]);
          }
          expect([source.hasMore(), source.next()]).toEqual([false, undefined]);
          texts.close();
          rmSync(`${root}/${directory}`, { recursive: true });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('held() of a batch of a million events is as much as 16,000 names', () => {
    const root = quickDir();
    const count = 1_000_000;
    const segment = `00000001.${count}.b`;
    const directory = `queue/a/${segment}`;
    mkdirSync(`${root}/${directory}`, { recursive: true });
    writeFileSync(`${root}/${directory}/b.jsonl`, `${header}\n${'1\n'.repeat(count)}`);
    writeFileSync(`${root}/${directory}/b.done`, '.'.repeat(count));
    const texts = createBatchTexts(systemDisk, () => 0);
    const source = openSegment(systemDisk, root, {
      ...{ directory, segment, texts, window: () => 8, taken: () => new Set<string>(), onFree() {} },
    });
    expect(source.held()).toBeLessThan(16_000);
    expect(source.next()?.name).toBe('b_1');
    texts.close();
  });
});

describe('growthOf()', () => {
  it('reads a batch that is open on from its last known event, and any other from its beginning', () => {
    const path = `${quickDir()}/b.jsonl`;
    const count = 3 * Math.ceil(windowBytes / 100);
    writeFileSync(path, `${header}\n${`"${'x'.repeat(97)}"\n`.repeat(count)}`);
    let reads = 0;
    const counting = { ...systemDisk, readSync: countReads } as Disk;
    function countReads(...args: Parameters<Disk['readSync']>): number {
      reads += 1;
      return systemDisk.readSync(...args);
    }
    const texts = createBatchTexts(counting, () => 0);
    const found = texts.open(path);
    if (found.kind !== 'open') throw new Error(found.kind);
    found.text.note(count - 1, found.text.offsetOf(count - 1)!);

    reads = 0;
    expect(growthOf(counting, { text: path, count, texts })).toEqual({ kind: 'none' });
    expect(reads).toBe(0);

    writeFileSync(path, '"later"\n"still', { flag: 'a' });
    expect(growthOf(counting, { text: path, count, texts })).toEqual({ kind: 'lines', count: count + 1 });
    expect(growthOf(counting, { text: path, count: count + 1, texts })).toEqual({ kind: 'unended' });
    expect(reads).toBeGreaterThan(2);
    texts.close();
  });
});

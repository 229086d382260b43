import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Disk, systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { batchSegmentName, segmentName, segmentSize } from '../../../../src/spool/file/disk/layout.js';
import { estimateWaiting } from '../../../../src/spool/file/queue/estimate-waiting.js';
import { madeSpool, quickDir } from '../../../support/spool-kit.js';

/** A queue with segments of one delivery each, and the directories of it that were listed. */
function queueOf(segments: readonly string[]): { root: string; queue: string; disk: Disk; listed: string[] } {
  const root = madeSpool(quickDir());
  const queue = `${root}/queue/a`;
  writeFileSync(`${root}/tmp/original`, '{}');
  for (const segment of segments) {
    mkdirSync(`${queue}/${segment}`, { recursive: true });
    linkSync(`${root}/tmp/original`, `${queue}/${segment}/e1.json`);
  }
  const listed: string[] = [];
  const disk = {
    ...systemDisk,
    opendirSync(path: string, options) {
      listed.push(path.slice(queue.length + 1));
      return systemDisk.opendirSync(path, options);
    },
  } as Disk;
  return { root, queue, disk, listed };
}

describe('estimateWaiting()', () => {
  const [first, second, third, last] = [1, 2, 3, 4].map(segmentName) as [string, string, string, string];

  it('lists the first and the last segment, and counts those in between as full', () => {
    const segments = [first, second, third, last];
    const { disk, queue, listed } = queueOf(segments);
    expect(estimateWaiting(disk, queue, { segments })).toBe(2 + 2 * segmentSize);
    expect(listed).toEqual([first, last]);
  });

  it('lists a segment in between where it is told to', () => {
    const segments = [first, second, third, last];
    const { disk, queue } = queueOf(segments);
    const isListed = (segment: string) => segment === second;
    expect(estimateWaiting(disk, queue, { segments, isListed })).toBe(3 + segmentSize);
  });

  it('lists a segment that ends before a batch, and takes the number of the batch from its progress', () => {
    const { disk, queue, listed } = queueOf([first, second, last]);
    const batch = batchSegmentName(3, { id: 'b', count: 7 });
    mkdirSync(`${queue}/${batch}`);
    writeFileSync(`${queue}/${batch}/b.jsonl`, '{"hook":"x"}\n');
    expect(estimateWaiting(disk, queue, { segments: [first, second, batch, last] })).toBe(3 + 7);
    expect(listed).toEqual([first, second, last]);
  });

  it('is 0 where no segment is left', () => {
    const { disk, queue } = queueOf([first]);
    rmSync(queue, { recursive: true });
    expect(estimateWaiting(disk, queue, { segments: [] })).toBe(0);
    expect(estimateWaiting(disk, queue, { segments: [first] })).toBe(0);
  });
});

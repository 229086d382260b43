/** What every spool must do with an archive that is imported, whatever stands behind it. */
import { describe, expect, it } from 'vitest';
import { type ArchiveEntry, archiveEnd, archiveHeader } from '../../src/spool/archive/archive-entry.js';
import { entryToBytes } from '../../src/spool/archive/write-archive.js';
import type { DrainSide, Spool } from '../../src/spool/spool.js';
import { event } from '../support/builders.js';
import { claimAll, fanOutAll, sideOf } from '../support/spool-kit.js';

const time = '2026-11-23T12:00:00.000Z';
const acceptedAt = Date.parse(time);
const why = { reason: 'gave-up', message: 'it was refused', attempts: 3, time };

function entry(parts: Partial<ArchiveEntry>): ArchiveEntry {
  return { state: 'queued', event: event({ time }), endpoint: 'a', attempts: 0, acceptedAt, ...parts };
}

async function importAll(spool: Spool, side: DrainSide, entries: readonly ArchiveEntry[]) {
  async function* pieces() {
    yield archiveHeader({ id: 'x', time });
    for (const each of entries) yield* entryToBytes(each);
    yield archiveEnd(entries.length);
  }
  const request = { archive: await spool.keepArchive(pieces()) };
  const [added, endpoints] = [[] as string[], new Set<string>()];
  let skipped = 0;
  for (let isDone = false; !isDone; ) {
    const step = await side.import(request);
    for (const { event: id, to } of step.entries) added.push(`${to} ${id}`);
    for (const endpoint of step.endpoints) endpoints.add(endpoint);
    skipped += step.skipped;
    isDone = step.isDone;
  }
  return { added: added.sort(), endpoints: [...endpoints].sort(), skipped };
}

export function describeArchives(name: string, open: () => Spool): void {
  describe(`archives of ${name}`, () => {
    it('import() adds deliveries with their attempts, due in the order of their events', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const [late, first] = [entry({ attempts: 4, dueMs: acceptedAt + 60_000 }), entry({})];
      const { added, endpoints } = await importAll(spool, side, [late, first]);
      expect(added).toEqual([`retry ${late.event.id}`, `retry ${first.event.id}`].sort());
      expect(endpoints).toEqual(['a']);
      const claimed = await claimAll(side, 'a', acceptedAt + 60_000);
      expect(claimed.map(({ event: { id }, attempts }) => [id, attempts])).toEqual([
        [first.event.id, 0],
        [late.event.id, 4],
      ]);
      expect(Buffer.from(claimed[0]!.event.payload)).toEqual(Buffer.from(first.event.payload));
      await side.close();
    });

    it('import() adds what is dead as dead, and has fanned out what has no endpoint', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const dead = entry({ state: 'dead', attempts: 3, why });
      const lost = entry({ state: 'unclaimed', endpoint: undefined });
      expect((await importAll(spool, side, [dead, lost])).added).toEqual(
        [`dead ${dead.event.id}`, `incoming ${lost.event.id}`].sort(),
      );
      const found = [];
      for await (const { header, why: reason } of spool.inspection.entries({ states: ['dead'] }))
        found.push([header.id, reason]);
      expect(found).toEqual([[dead.event.id, expect.objectContaining(why)]]);
      await fanOutAll(side, () => ['b']);
      expect((await claimAll(side, 'b')).map(({ event: { id } }) => id)).toEqual([lost.event.id]);
      await side.close();
    });

    it('import() adds nothing that is there already', async () => {
      const spool = open();
      const side = await sideOf(spool);
      const queued = event();
      await spool.enqueue(queued);
      await fanOutAll(side, () => ['a']);
      const all = [
        entry({ event: queued }),
        entry({ attempts: 2 }),
        entry({ state: 'dead', why }),
        entry({ state: 'incoming', endpoint: undefined }),
      ];
      expect(await importAll(spool, side, all)).toMatchObject({ skipped: 1 });
      expect(await importAll(spool, side, all)).toMatchObject({ added: [], skipped: 4 });
      await side.close();
    });

    it('keepArchive() keeps nothing where its pieces end in an error', async () => {
      const spool = open();
      async function* pieces() {
        yield Buffer.from('half');
        throw new Error('the connection is gone');
      }
      await expect(spool.keepArchive(pieces())).rejects.toThrow('the connection is gone');
    });
  });
}

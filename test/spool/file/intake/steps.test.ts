import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEventId } from '../../../../src/event/event-id.js';
import { randomBytes } from '../../../../src/shared/machine/random.js';
import { createFileInbox } from '../../../../src/spool/file/accept/file-inbox.js';
import { systemDisk } from '../../../../src/spool/file/disk/disk.js';
import { scanIncoming } from '../../../../src/spool/file/incoming/incoming.js';
import { event, shellEvent } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { drop } from '../../../support/intake-kit.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

describe('the steps of an intake', () => {
  it('the intake gets past more entries that cannot be taken in than one listing holds, and tells each once', async () => {
    const root = madeSpool(quickDir());
    let isFailing = true;
    const { disk } = faultyDisk(({ name, args }) =>
      isFailing && name === 'openSync' && String(args[0]).includes('/incoming/stuck') ? 'EIO' : undefined,
    );
    const side = await sideOf(spoolAt(root, { disk, listed: 4 }));
    for (let n = 10; n < 30; n += 1) drop(root, `stuck${n}.json`, '{"hook":"x","payload":1}');
    drop(root, 'z.json', '{"hook":"x","payload":"z"}');
    const told: string[] = [];
    for (let more = true; more; ) {
      const step = await fanOut(side, () => ['a']);
      told.push(...step.postponed.map(({ name }) => name));
      more = step.more;
    }
    expect(told).toHaveLength(20);
    expect(new Set(told).size).toBe(20);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"z"']);
    isFailing = false;
    expect(await fanOutAll(side, () => ['a'])).toMatchObject({ events: 20, postponed: [] });
    await side.close();
  });

  it('the intake tells of what is no event and cannot be put aside, and does not count it as waiting', async () => {
    const root = madeSpool(quickDir());
    const { disk } = faultyDisk(({ name, args }) =>
      name === 'accessSync' && String(args[0]).includes('/incoming/') ? 'EACCES' : undefined,
    );
    const side = await sideOf(spoolAt(root, { disk, listed: 2 }));
    for (const name of ['a', 'b', 'c', 'd', 'e']) mkdirSync(`${root}/incoming/${name}.json`);
    drop(root, 'z.json', '{"hook":"x","payload":"z"}');
    for (let pass = 0; pass < 2; pass += 1) {
      const { immovable, postponed, quarantined } = await fanOutAll(side, () => ['a']);
      expect([postponed, quarantined]).toEqual([[], []]);
      expect(immovable.map(({ name }) => name[0])).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(await side.waiting()).toBe(0);
    }
    expect(names(`${root}/corrupt`)).toEqual([]);
    expect((await claimAll(side, 'a')).map(text)).toEqual(['"z"']);
    await side.close();
  });

  it('the intake takes no longer than 50 ms for a step, and 16 MiB', async () => {
    let now = Date.now();
    const root = madeSpool(quickDir());
    const inbox = createFileInbox(root, { random: randomBytes });
    for (let n = 0; n < 5; n += 1) await inbox.enqueue(event());
    const { disk } = faultyDisk(({ name, args }) => {
      if (name === 'openSync' && String(args[0]).includes('/incoming/')) now += 30;
      return undefined;
    });
    const slow = await sideOf(spoolAt(root, { disk, now: () => now }));
    expect(await fanOut(slow, () => [])).toMatchObject({ events: 2, more: true });
    await fanOutAll(slow, () => []);
    for (let n = 0; n < 3; n += 1) {
      await inbox.enqueue(event({ payload: Buffer.from(`"${'x'.repeat(10 << 20)}"`) }));
    }
    await slow.close();
    const large = await sideOf(spoolAt(root, { now: () => 0 }));
    expect(await fanOut(large, () => [])).toMatchObject({ events: 2, more: true });
    expect(await fanOut(large, () => [])).toMatchObject({ events: 1, more: false });
    await large.close();
  });

  it('scanIncoming() takes the oldest names and says that there are more', () => {
    const root = madeSpool(quickDir());
    for (let n = 0; n < 30; n += 1) drop(root, `${String(29 - n).padStart(2, '0')}.json`, 'x');
    const first = scanIncoming(systemDisk, root, { limit: 7 });
    expect(first).toMatchObject({ more: true, odd: [] });
    expect(first.names).toEqual(['00', '01', '02', '03', '04', '05', '06'].map((each) => `${each}.json`));
    expect(scanIncoming(systemDisk, root, { limit: 29 })).toMatchObject({ more: true });
    expect(scanIncoming(systemDisk, root, { limit: 30 })).toMatchObject({ more: false });
  });

  it('the intake goes on until all of more events are fanned out than one listing holds', async () => {
    const root = madeSpool(quickDir());
    const [listed, count] = [6_000, 6_100];
    let source = '';
    for (let n = 0; n < count; n += 1) {
      const path = `${root}/incoming/${createEventId(n, randomBytes(10))}.json`;
      if (n === 0) {
        source = path;
        writeFileSync(path, shellEvent('x', '1'));
      } else linkSync(source, path);
    }
    const side = await sideOf(spoolAt(root, { now: () => 0, listed }));
    const dropped = () => undefined;
    expect((await fanOutAll(side, () => [], dropped)).events).toBe(count);
    expect(await side.waiting()).toBe(0);
    await side.close();
  }, 60_000);
});

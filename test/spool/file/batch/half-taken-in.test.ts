import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { batch, rest } from '../../../support/batch-kit.js';
import { event } from '../../../support/builders.js';
import { faultyDisk, Killed } from '../../../support/faulty-disk.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  ids,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
  text,
} from '../../../support/spool-kit.js';

describe('a batch that is half taken in', () => {
  it('is not handed out before its intake was repeated, and others behind it are', async () => {
    const count = 20_000;
    const root = madeSpool(quickDir());
    const segment = `${root}/queue/a/00000001.${count}.b`;
    mkdirSync(segment, { recursive: true });
    mkdirSync(`${root}/queue/a/00000002`);
    writeFileSync(`${root}/incoming/b.jsonl`, batch(Array.from({ length: count }, (_, n) => `${n}`)));
    writeFileSync(`${segment}/b.done`, '.'.repeat(count));
    linkSync(`${root}/incoming/b.jsonl`, `${segment}/b.jsonl`);
    const single = event();
    writeFileSync(`${root}/queue/a/00000002/${single.id}.json`, eventToBytes(single));
    let looks = 0;
    const { disk } = faultyDisk(() => {
      looks += 1;
      return undefined;
    });
    const side = await sideOf(spoolAt(root, { disk }));
    looks = 0;
    expect(ids(await claimAll(side, 'a'))).toEqual([single.id]);
    expect(looks).toBeLessThan(100);
    expect(await side.byId.owed('a')).toBe(count + 1);
    expect(side.byId.owing()).toEqual(['a']);
    expect(await own.acquire(side)).toEqual([]);
    expect(await fanOutAll(side, () => ['a', 'c'])).toMatchObject({ events: count, deliveries: count });
    for (const endpoint of ['a', 'c']) {
      const claimed = await claimAll(side, endpoint);
      expect(claimed.map(text)).toEqual(Array.from({ length: count }, (_, n) => `${n}`));
    }
    await side.close();
  });

  it('a single event that a killed drain has half taken in is found behind a batch and another one', async () => {
    const root = madeSpool(quickDir());
    const single = (id: string) => `{"id":"${id}","hook":"x","payload":"${id}"}`;
    writeFileSync(`${root}/incoming/z.json`, single('z'));
    const faulty = faultyDisk(({ name, args }) =>
      name === 'unlinkSync' && String(args[0]).endsWith('/incoming/z.json') ? 'KILL' : undefined,
    );
    const killed = await sideOf(spoolAt(root, { disk: faulty.disk }));
    await expect(fanOut(killed, () => ['a', 'c'])).rejects.toThrow(Killed);
    faulty.closeAll();
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['"b"']));
    writeFileSync(`${root}/incoming/s.json`, single('s'));
    const side = await sideOf(spoolAt(root));
    expect(await fanOutAll(side, () => ['a', 'c'])).toMatchObject({ postponed: [], quarantined: [] });
    for (const endpoint of ['a', 'c'])
      expect((await claimAll(side, endpoint)).map(text).sort()).toEqual(['"b"', '"s"', '"z"']);
    await side.close();
  });

  it('the progress without its batch, as a killed drain may leave it, is removed, and the batch is put anew', async () => {
    const root = madeSpool(quickDir());
    writeFileSync(`${root}/incoming/b.jsonl`, batch(['1', '2']));
    const faulty = faultyDisk(({ name, args }) =>
      name === 'linkSync' && String(args[1]).includes('/queue/') ? 'KILL' : undefined,
    );
    const killed = await sideOf(spoolAt(root, { disk: faulty.disk }));
    await expect(fanOut(killed, () => ['a'])).rejects.toThrow(Killed);
    faulty.closeAll();
    expect(names(`${root}/queue/a/00000001.2.b`)).toEqual(['b.done']);
    expect(await rest(root)).toEqual(['1', '2']);
  });
});

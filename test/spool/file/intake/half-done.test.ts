import { existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventToBytes } from '../../../../src/event/record.js';
import { event } from '../../../support/builders.js';
import { faultyDisk } from '../../../support/faulty-disk.js';
import { opened } from '../../../support/intake-kit.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  ids,
  madeSpool,
  quickDir,
  sideOf,
  spoolAt,
} from '../../../support/spool-kit.js';

describe('the intake after one that was cut short', () => {
  async function halfDone({ other }: { other?: string } = {}) {
    const { root, inbox, side } = await opened();
    await side.close();
    const fired = event();
    await inbox.enqueue(fired);
    mkdirSync(`${root}/queue/a/00000001`, { recursive: true });
    linkSync(`${root}/incoming/${fired.id}.json`, `${root}/queue/a/00000001/${fired.id}.json`);
    if (other !== undefined) {
      mkdirSync(`${root}/queue/${other}/00000001`, { recursive: true });
      const bytes = eventToBytes({ ...fired, hook: 'other' });
      writeFileSync(`${root}/queue/${other}/00000001/${fired.id}.json`, bytes);
    }
    return { root, fired, side: await sideOf(spoolAt(root)) };
  }

  it('claim() hands nothing out before the event is gone from incoming/, and then once', async () => {
    const { root, fired, side } = await halfDone();
    expect(await claimAll(side, 'a')).toEqual([]);
    expect(await own.acquire(side)).toEqual([]);
    expect(side.byId.owing()).toEqual(['a']);
    expect(await fanOutAll(side, () => ['a', 'b'])).toMatchObject({ events: 1, deliveries: 1 });
    expect(existsSync(`${root}/incoming/${fired.id}.json`)).toBe(false);
    for (const endpoint of ['a', 'b']) {
      const deliveries = await claimAll(side, endpoint);
      expect(ids(deliveries)).toEqual([fired.id]);
      await own.done(side, deliveries[0]!);
      expect(await claimAll(side, endpoint)).toEqual([]);
    }
    expect(side.byId.owing()).toEqual([]);
    await side.close();
  });

  it('the intake finds what is there where links are refused, too', async () => {
    const { root, fired, side } = await halfDone();
    await side.close();
    const copying = await sideOf(
      spoolAt(root, { disk: faultyDisk(({ name }) => (name === 'linkSync' ? 'EXDEV' : undefined)).disk }),
    );
    expect(await fanOutAll(copying, () => ['a'])).toMatchObject({ events: 1, deliveries: 0 });
    expect(ids(await claimAll(copying, 'a'))).toEqual([fired.id]);
    await copying.close();
  });

  it.each([
    ['a link', 'link'],
    ['a copy, of a link that others may hold', 'copy'],
    ['a copy, where links are refused', 'refused'],
    ['a copy of an event whose id was chosen', 'chosen'],
  ] as const)('the intake finds what is there far from the end of a queue: %s', async (_, kind) => {
    const root = madeSpool(quickDir());
    const fired = event(kind === 'chosen' ? { id: 'chosen' } : {});
    const [waiting, queued] = [
      `${root}/incoming/${fired.id}.json`,
      `${root}/queue/a/00000001/${fired.id}.json`,
    ];
    // Intakes that were killed one after another have left segments behind them, some of them empty.
    for (const segment of ['00000001', '00000003', '00000004', '00000006'])
      mkdirSync(`${root}/queue/a/${segment}`, { recursive: true });
    for (const segment of ['00000003', '00000006']) {
      const { id } = event();
      writeFileSync(`${root}/queue/a/${segment}/${id}.json`, eventToBytes(event({ id })));
    }
    writeFileSync(waiting, eventToBytes(fired));
    if (kind === 'link') linkSync(waiting, queued);
    else writeFileSync(queued, eventToBytes(fired));
    if (kind === 'copy') linkSync(waiting, `${root}/elsewhere`);
    const { disk } = faultyDisk(({ name }) =>
      kind === 'refused' && name === 'linkSync' ? 'EPERM' : undefined,
    );
    const side = await sideOf(spoolAt(root, { disk }));
    expect(await fanOutAll(side, () => ['a', 'b'])).toMatchObject({ events: 1, deliveries: 1 });
    expect(ids(await claimAll(side, 'a')).filter((id) => id === fired.id)).toHaveLength(1);
    expect(ids(await claimAll(side, 'b'))).toEqual([fired.id]);
    await side.close();
  });

  it('the intake puts no event again that it has put behind another one of its id', async () => {
    const { root, fired, side: first } = await halfDone({ other: 'c' });
    await first.close();
    const { disk, closeAll } = faultyDisk(({ name, args }) =>
      name === 'unlinkSync' && String(args[0]).includes('/incoming/') ? 'KILL' : undefined,
    );
    const killed = await sideOf(spoolAt(root, { disk }));
    await expect(fanOutAll(killed, () => ['a', 'b', 'c'])).rejects.toThrow();
    closeAll();
    const side = await sideOf(spoolAt(root));
    expect(await fanOutAll(side, () => ['a', 'b', 'c'])).toMatchObject({ events: 1, deliveries: 0 });
    const [other, ...others] = await claimAll(side, 'c');
    expect([other!.event.hook, others]).toEqual(['other', []]);
    await own.done(side, other!);
    for (const endpoint of ['a', 'b', 'c']) {
      const claimed = await claimAll(side, endpoint);
      expect(ids(claimed)).toEqual([fired.id]);
      await own.done(side, claimed[0]!);
    }
    expect(side.byId.owing()).toEqual([]);
    await side.close();
  });

  it("claim() hands out what was queued for an endpoint that is not among the event's any more", async () => {
    const { fired, side } = await halfDone();
    expect(await claimAll(side, 'a')).toEqual([]);
    await fanOutAll(side, () => ['b']);
    expect(ids(await claimAll(side, 'a'))).toEqual([fired.id]);
    await side.close();
  });

  it('claim() after a step that failed waits until the intake is repeated', async () => {
    let failing = false;
    const { root, inbox, side } = await opened({
      fault: ({ name }) => (failing && name === 'fsync' ? 'EIO' : undefined),
    });
    await inbox.enqueue(event());
    await fanOut(side, () => ['a']);
    const fired = event();
    await inbox.enqueue(fired);
    failing = true;
    await expect(fanOut(side, () => ['b', 'c'])).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    failing = false;
    expect(existsSync(`${root}/queue/b/00000001/${fired.id}.json`)).toBe(true);
    expect(await claimAll(side, 'b')).toEqual([]);
    await fanOut(side, () => ['b', 'c']);
    for (const endpoint of ['b', 'c']) expect(ids(await claimAll(side, endpoint))).toEqual([fired.id]);
    await side.close();
  });

  it('claim() after a step that failed hands out once what was moved', async () => {
    let failing = false;
    const { inbox, side } = await opened({
      fault: ({ name }) => (failing && name === 'fsync' ? 'EIO' : undefined),
    });
    const fired = event();
    await inbox.enqueue(fired);
    failing = true;
    await expect(fanOut(side, () => ['b'])).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
    failing = false;
    expect(await fanOutAll(side, () => ['b'])).toMatchObject({ events: 0, postponed: [] });
    expect(await own.acquire(side)).toEqual(['b']);
    const [delivery] = await claimAll(side, 'b');
    expect(delivery!.event.id).toBe(fired.id);
    await own.done(side, delivery!);
    expect(side.byId.owing()).toEqual([]);
    await side.close();
  });
});

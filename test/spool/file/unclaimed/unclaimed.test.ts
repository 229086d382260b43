import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../src/event/event.js';
import type { Spool } from '../../../../src/spool/spool.js';
import { event } from '../../../support/builders.js';
import { type Fault, faultyDisk, Killed } from '../../../support/faulty-disk.js';
import {
  type FanOut,
  fanOut,
  fanOutAll,
  madeSpool,
  names,
  quickDir,
  sideOf,
  spoolAt,
} from '../../../support/spool-kit.js';

const nobody = () => [];

/** Drains once for nobody, or for `a`. */
async function drainOnce(spool: Spool, endpoints: readonly string[] = []): Promise<FanOut> {
  const side = await sideOf(spool);
  const step = await fanOutAll(side, () => endpoints);
  await side.close();
  return step;
}

/** The events in `unclaimed/`. */
function kept(root: string): string[] {
  return names(`${root}/unclaimed`).filter((name) => !name.startsWith('.') && !name.includes('.why.'));
}

function fired(id: string, payload: string): Event {
  return event({ id, payload: Buffer.from(payload) });
}

describe('unclaimed/', () => {
  it('the intake keeps another event with the same id beside it, and the same event once', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    for (const payload of ['1', '2', '1', '2']) {
      await spool.enqueue(fired('same', payload), { chosenId: true });
      await drainOnce(spool);
    }
    expect(kept(root)).toEqual(['same.1.json', 'same.json']);
    expect(names(`${root}/incoming`)).toEqual([]);
  });

  it('the intake keeps one name of a file that has two', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    await spool.enqueue(fired('twice', '1'));
    await drainOnce(spool);
    linkSync(`${root}/unclaimed/twice.json`, `${root}/incoming/twice.json`);
    await drainOnce(spool);
    expect([...kept(root), ...names(`${root}/incoming`)]).toEqual(['twice.json']);
  });

  it('the intake leaves the event where it is if it cannot be kept apart', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    await spool.enqueue(fired('stays', '1'));
    const side = await sideOf(spool);
    rmSync(`${root}/unclaimed`, { recursive: true });
    writeFileSync(`${root}/unclaimed`, 'in the way');
    expect(await fanOut(side, nobody)).toMatchObject({ unclaimed: [], postponed: [{ name: 'stays.json' }] });
    await side.close();
    expect(names(`${root}/incoming`)).toEqual(['stays.json']);
  });

  it('restoreUnclaimed() leaves what has its name in incoming/ already', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    await spool.enqueue(fired('one', '1'));
    await drainOnce(spool);
    await spool.enqueue(fired('one', '2'), { chosenId: true });
    expect(await spool.restoreUnclaimed()).toBe(0);
    expect(readFileSync(`${root}/incoming/one.json`, 'utf8')).toContain('"payload":2\n');
    expect(kept(root)).toEqual(['one.json']);
  });

  it('restoreUnclaimed() returns 0 where there is no spool', async () => {
    expect(await spoolAt(`${quickDir()}/none`).restoreUnclaimed()).toBe(0);
  });

  it('expireUnclaimed() removes a reason whose event is gone', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    await spool.enqueue(fired('moved', '1'));
    await drainOnce(spool);
    rmSync(`${root}/unclaimed/moved.json`); // somebody has moved it
    const side = await sideOf(spool);
    expect(await side.expireUnclaimed({ keepMs: 1_000_000 })).toEqual([]);
    await side.close();
    expect(names(`${root}/unclaimed`)).toEqual([]);
  });

  it('expireUnclaimed() counts from now on where a clock was wrong, and leaves other files alone', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    await spool.enqueue(fired('future', '1'));
    await drainOnce(spool);
    const later = Date.now() / 1000 + 1e9;
    utimesSync(`${root}/unclaimed/future.why.json`, later, later);
    mkdirSync(`${root}/unclaimed/notes`);
    const side = await sideOf(spool);
    expect(await side.expireUnclaimed({ keepMs: 60_000 })).toEqual([]);
    expect(Math.abs(statSync(`${root}/unclaimed/future.why.json`).mtimeMs - Date.now())).toBeLessThan(60_000);
    expect(await side.expireUnclaimed({ keepMs: 0 })).toMatchObject([{ id: 'future', events: 1 }]);
    await side.close();
    expect(names(`${root}/unclaimed`)).toEqual(['notes']);
  });

  it('idle() asks how long unclaimed events are kept only where there are any', async () => {
    const root = madeSpool(quickDir());
    const spool = spoolAt(root);
    const never = () => expect.unreachable();
    await drainOnce(spool);
    expect(await spool.idle({ unclaimedKeepMs: never })).toBe(true);
    await spool.enqueue(fired('a', '1'));
    await drainOnce(spool);
    expect(await spool.idle({ unclaimedKeepMs: () => 60_000 })).toBe(true);
    expect(await spool.idle({ unclaimedKeepMs: () => 0 })).toBe(false);
  });

  it.each([
    [
      'killed',
      (at: number): Fault =>
        ({ nth }) =>
          nth === at ? 'KILL' : undefined,
    ],
    [
      'failing',
      (at: number): Fault =>
        ({ nth }) =>
          nth === at ? 'EIO' : undefined,
    ],
  ])('a drain that is %s at any call loses no unclaimed event', async (_, faultAt) => {
    for (let n = 1; ; n += 1) {
      const directory = quickDir();
      const root = madeSpool(directory);
      const spool = spoolAt(root);
      await spool.enqueue(fired('single', '1'));
      const { payload: _payload, ...header } = event({ id: 'batch' });
      await spool.enqueue({ ...header, payloads: [Buffer.from('2'), Buffer.from('3')] });
      const faulty = faultyDisk(faultAt(n));
      try {
        const side = await sideOf(spoolAt(root, { disk: faulty.disk }));
        await fanOutAll(side, nobody);
        await side.close();
      } catch (error) {
        if (!(error instanceof Killed) && !(error instanceof Error)) throw error;
      }
      const calls = faulty.calls();
      faulty.closeAll();
      const places = (name: string) =>
        ['incoming', 'unclaimed'].filter((room) => existsSync(`${root}/${room}/${name}`));
      expect(places('single.json'), `call ${n}`).toHaveLength(1);
      expect(places('batch.jsonl'), `call ${n}`).toHaveLength(1);
      await drainOnce(spool);
      expect(kept(root), `call ${n}`).toEqual(['batch.jsonl', 'single.json']);
      rmSync(directory, { recursive: true });
      if (calls < n) return;
    }
  });
});

/** The drain's side of a spool gives each delivery once, and loses none, whatever fails beneath it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { DrainSide } from '../../../../src/spool/spool.js';
import { own } from '../../../support/own.js';
import {
  claimAll,
  fanOut,
  fanOutAll,
  farFuture,
  filesBelow,
  ids,
  names,
  sideOf,
} from '../../../support/spool-kit.js';
import { troubled } from '../../../support/trouble-kit.js';

describe('what a drain is given', () => {
  it('is handed out once where a delivery joins retries that were not listed yet', async () => {
    const { root, spool, fire } = troubled();
    const first = await sideOf(spool);
    await fire('r');
    await fanOutAll(first, () => ['a']);
    await own.defer(first, (await claimAll(first, 'a'))[0]!, { dueMs: farFuture, attempts: 1 });
    await fire('w');
    await fanOutAll(first, () => ['a']);
    await first.close();
    const side = await sideOf(spool);
    const [waiting] = (await own.claim(side, 'a', { limit: 1, now: 1, probe: ['other'] })).deliveries;
    await own.defer(side, waiting!, { dueMs: 1_000, attempts: 1 });
    expect(names(`${root}/retry/a`)).toHaveLength(2);
    expect(await side.byId.owed('a')).toBe(2);
    expect(ids((await own.claim(side, 'a', { limit: 10, now: 2_000 })).deliveries)).toEqual(['w']);
    await side.close();
  });

  it.each([[['a']], [['a', 'b']]])(
    'is not of a step that begins as it is claimed, for %j',
    async (endpoints) => {
      const { spool, fire } = troubled();
      const first = await sideOf(spool);
      await fire('1');
      await fanOutAll(first, () => endpoints);
      await first.close();
      const side = await sideOf(spool);
      await fire('2');
      const claiming = own.claim(side, 'a', { limit: 8, now: 1 });
      await fanOut(side, () => endpoints);
      const claimed = [...(await claiming).deliveries, ...(await claimAll(side, 'a'))];
      expect(ids(claimed).sort()).toEqual(['1', '2']);
      expect(await side.byId.owed('a')).toBe(2);
      await side.close();
    },
  );

  it('has what the undoing of a failed intake has left, once its intake was repeated', async () => {
    const { trouble, spool, fire } = troubled();
    const side = await sideOf(spool);
    await fire('1');
    await fanOutAll(side, () => ['a', 'b']);
    expect([...(await claimAll(side, 'a')), ...(await claimAll(side, 'b'))]).toHaveLength(2);
    await fire('2');
    trouble.fault = ({ name, args }) => {
      if (name === 'linkSync' && String(args[1]).includes('/queue/b/')) return 'EIO';
      return name === 'unlinkSync' && String(args[0]).includes('/queue/a/') ? 'EIO' : undefined;
    };
    expect((await fanOut(side, () => ['a', 'b'])).postponed).toHaveLength(1);
    expect((await own.claim(side, 'a', { limit: 1, now: 1 })).deliveries).toEqual([]);
    trouble.fault = () => undefined;
    expect((await fanOutAll(side, () => ['a', 'b'])).postponed).toEqual([]);
    await fanOutAll(side, () => ['a', 'b']);
    for (const endpoint of ['a', 'b']) expect(ids(await claimAll(side, endpoint))).toEqual(['2']);
    await side.close();
  });
});

describe('a delivery that cannot be read just now', () => {
  async function queued(errno: string) {
    const { root, trouble, spool, fire } = troubled();
    const side = await sideOf(spool);
    for (const id of ['a', 'b', 'c', 'd']) await fire(id);
    await fanOutAll(side, () => ['chat']);
    await side.close();
    const isBad = (path: string) => path.includes('/queue/') && /[ab]\.json$/.test(path);
    trouble.fault = ({ name, args }) => (name === 'openSync' && isBad(String(args[0])) ? errno : undefined);
    return { root, trouble, side: await sideOf(spool) };
  }
  const next = (side: DrainSide, inOrder = false) => own.claim(side, 'chat', { limit: 1, now: 1, inOrder });

  it('does not hold up those behind it, and is tried again after 5 seconds', async () => {
    const { trouble, side } = await queued('EIO');
    for (const name of ['a.json', 'b.json']) {
      const postponed = [{ name, reason: 'it cannot be read now (EIO)' }];
      expect(await next(side)).toEqual({ deliveries: [], quarantined: [], postponed, goesOn: true });
    }
    const [c] = (await next(side)).deliveries;
    expect(c?.event.id).toBe('c');
    await own.done(side, c!);
    trouble.fault = () => undefined;
    await fanOutAll(side, () => ['chat']);
    expect(ids(await claimAll(side, 'chat'))).toEqual(['d']);
    trouble.passedMs = 5_000;
    await fanOutAll(side, () => ['chat']);
    expect(ids(await claimAll(side, 'chat'))).toEqual(['a', 'b']);
    expect(await next(side)).toMatchObject({ deliveries: [], goesOn: false });
    await side.close();
  });

  it('holds them up where all is in order, and where it is this machine that cannot read', async () => {
    const inOrder = await queued('EIO');
    for (let n = 0; n < 2; n += 1)
      expect(await next(inOrder.side, true)).toMatchObject({
        postponed: [{ name: 'a.json' }],
        goesOn: false,
      });
    await inOrder.side.close();
    const { side } = await queued('EMFILE');
    expect(await next(side)).toMatchObject({ postponed: [{ name: 'a.json' }], goesOn: false });
    await side.close();
  });
});

describe('done() after an fsync has failed in the background', () => {
  async function failed() {
    const { root, trouble, spool, fire } = troubled();
    const side = await sideOf(spool);
    for (const id of ['a', 'b']) await fire(id);
    await fanOutAll(side, () => ['chat']);
    const [a, b] = await claimAll(side, 'chat');
    trouble.fault = ({ name }) => (name === 'fsync' ? 'EIO' : undefined);
    await own.done(side, a!);
    await sleep(120); // a group is fsynced 50 ms after its first change
    trouble.fault = () => undefined;
    return { root, side, b: b!, fire };
  }

  it('tells of it, and removes the delivery at close()', async () => {
    const { root, side, b } = await failed();
    await expect(own.done(side, b)).rejects.toThrow(/EIO/);
    await side.close();
    expect(filesBelow(`${root}/queue`)).toEqual([]);
  });

  it('does not send it again in this drain either, and then removes it', async () => {
    const { root, side, b } = await failed();
    await expect(own.done(side, b)).rejects.toThrow(/EIO/);
    await own.giveBack(side, b);
    const [again] = await claimAll(side, 'chat');
    expect(again?.event.id).toBe('b'); // whoever has made it knows that
    await own.done(side, again!);
    expect(filesBelow(`${root}/queue`)).toEqual([]);
    await side.close();
  });

  it('does not take away another event that has its id since', async () => {
    const { root, side, b, fire } = await failed();
    await expect(own.done(side, b)).rejects.toThrow(/EIO/);
    await fire('b', '"another"');
    await fanOutAll(side, () => ['chat']);
    await side.close();
    expect(filesBelow(root).filter((path) => path.endsWith('/b.json'))).toEqual([
      'queue/chat/00000002/b.json',
    ]);
  });

  it.each([
    ['defer', { dueMs: 1, attempts: 1 }],
    ['bury', { reason: 'refused', message: '', attempts: 1, time: '' }],
  ] as const)('%s() tells of it instead, and the claim can be given back', async (method, options) => {
    const { root, side, b } = await failed();
    const owned = await own.endpoint(side, 'chat');
    await expect(owned[method](b, options as never)).rejects.toThrow(/EIO/);
    owned.giveBack(b);
    const [again] = await claimAll(side, 'chat');
    await owned[method](again!, options as never);
    await side.close();
    expect(filesBelow(`${root}/queue`)).toEqual([]);
  });
});

/** Spools on file systems that lack something, or that are pieced together: they work by copy, or are refused with the reason. */
import { describe, expect } from 'vitest';
import { createWorld, type World } from '../support/world.js';
import { mountExfat, mountFat } from './support/fat.js';
import { repeats } from './support/measure.js';
import { type MountedSpool, useMountedSpool } from './support/mounted-spool.js';
import { createMounts, imageNeeds, type Mounts, mountImage, mountNeeds } from './support/mounts.js';
import type { Needs } from './support/needs.js';
import { testWith } from './support/test-with.js';

/** The needs of an image, and these commands. */
const needs = (...commands: string[]): Needs => ({
  ...imageNeeds,
  commands: [...imageNeeds.commands, ...commands],
});
const fuse = ['/dev/fuse'];
const testPlain = testWith(mountNeeds);
const testExt4 = testWith(needs('mkfs.ext4'));
const testExfat = testWith({ ...needs('mkfs.exfat', 'mount.exfat-fuse'), files: fuse });
const testFat = testWith({ ...needs('mkfs.vfat', 'fusefat'), files: fuse });

describe('a spool on another file system', { repeats }, () => {
  testPlain('tmpfs: capnhook fire and drain do all that they do elsewhere', async () => {
    const { world, mounts, path } = await place();
    await mounts.sh(`mount -t tmpfs -o size=8m tmpfs ${path}`);
    const spool = await useMountedSpool(world, mounts, `${path}/spool`);
    await begin(world, mounts, spool);
    await finish(spool);
  });

  testExfat('exFAT, without hard links and modes: capnhook fire and drain do it all by copy', async () => {
    const { world, mounts, path } = await place();
    await mountExfat(world, mounts, path);
    const spool = await useMountedSpool(world, mounts, `${path}/spool`);
    await expect(mounts.sh(`cd ${path}; touch a; ln a b`)).rejects.toThrow('not permitted');
    await begin(world, mounts, spool);
    await finish(spool);
  });

  testExt4('an overlay over a spool of another file system: capnhook goes on where it was', async () => {
    const { world, mounts } = await place();
    const { path } = await mountImage(world, mounts, { megabytes: 16, mkfs: 'mkfs.ext4 -q -F' });
    const spool = await useMountedSpool(world, mounts, `${path}/spool`);
    await begin(world, mounts, spool);
    const layer = `${world.root}/layer`;
    await mounts.sh(`
      mkdir ${layer}
      mount -t tmpfs -o size=8m tmpfs ${layer}
      mkdir ${layer}/upper ${layer}/work
      mount -t overlay -o lowerdir=${path},upperdir=${layer}/upper,workdir=${layer}/work overlay ${path}`);
    await finish(spool);
  });

  testFat('FAT, where nothing can be made private: capnhook refuses it with the reason', async () => {
    const { world, mounts, path } = await place();
    await mountFat(world, mounts, path);
    const spool = await useMountedSpool(world, mounts, `${path}/spool`);
    for (const args of [['init'], ['fire', 'load', '-d', '1'], ['drain']]) {
      const ended = await spool.run(args);
      expect(ended.code, args.join(' ')).toBe(73);
      expect(ended.stderr).toMatch(
        /^capnhook: Cannot .* \(ENOSYS, spool .*\)\n {2}Choose another spool .*\n(capnhook: 0 still queued; .*\n)?$/,
      );
    }
    expect(spool.receiver.requests()).toBe(0);
  });
});

describe('a file system that does not tell A from a', { repeats }, () => {
  async function onExfat(): Promise<MountedSpool> {
    const { world, mounts, path } = await place();
    await mountExfat(world, mounts, path);
    return useMountedSpool(world, mounts, `${path}/spool`);
  }

  testExfat('capnhook fire refuses an id that differs only in case from one that waits', async () => {
    const spool = await onExfat();
    await spool.fire('Order-1');
    const payload = spool.accepted.get('Order-1') ?? '';
    const second = await spool.run(['fire', 'load', '-d', payload, '--id', 'order-1']);
    expect(second.code).toBe(65);
    expect(second.stderr).toContain('another one is waiting under the id order-1');
    expect(await spool.run(['drain'])).toMatchObject({ code: 0 });
    expect([...spool.receiver.delivered.keys()]).toEqual(['Order-1']);
    await spool.fire('order-1');
    expect(await spool.run(['drain'])).toMatchObject({ code: 0 });
    expect([...spool.receiver.delivered.keys()]).toEqual(['Order-1', 'order-1']);
  });

  testExfat('capnhook drain delivers both where one of them is queued already', async () => {
    const spool = await onExfat();
    spool.receiver.status = 500;
    await spool.fire('Order-1');
    expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
    await spool.fire('order-1');
    expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
    expect(spool.problems()).toEqual([]);
    spool.receiver.status = 204;
    expect(await spool.run(['drain', '--wait', '10s'])).toMatchObject({ code: 0 });
    expect(spool.problems()).toEqual([]);
    expect(spool.receiver.delivered.size).toBe(2);
  });
});

describe('a mount in the middle of a spool', { repeats }, () => {
  /** A spool whose directories of these names are mounts. */
  async function piecedTogether(...rooms: string[]) {
    const { world, mounts, path } = await place();
    const spool = await useMountedSpool(world, mounts, path);
    expect(await spool.run(['init'])).toMatchObject({ code: 0 });
    for (const room of rooms) await mounts.sh(`mount --bind ${path}/${room} ${path}/${room}`);
    const makeWhole = async (): Promise<void> => {
      for (const room of rooms) await mounts.sh(`umount ${path}/${room}`);
    };
    return { world, mounts, spool, makeWhole };
  }

  testPlain('incoming/: capnhook fire refuses, and drain takes in by copy what is put there', async () => {
    const { world, mounts, spool } = await piecedTogether('incoming');
    for (const id of [[], ['--id', 'mine']]) {
      const fired = await spool.run(['fire', 'load', '-d', '1', ...id]);
      expect(fired.code).toBe(74);
      expect(fired.stderr).toMatch(
        /^capnhook: Cannot queue the event: .*EXDEV.*\n {2}Choose another spool .*\n$/,
      );
    }
    expect(spool.names('incoming')).toEqual([]);
    expect(spool.names('tmp')).toEqual([]);
    await drop(world, mounts, { spool, id: 'dropped' });
    const drained = await spool.run(['drain']);
    expect([...spool.receiver.delivered.keys()]).toEqual(['dropped']);
    expect(spool.problems()).toEqual([]);
    expect(drained.code, drained.stderr).toBe(0); // what is no event waits for nobody
    expect(drained.stderr).toMatch(/^capnhook: .*note-dropped\.json.*EXDEV/);
    expect(spool.names('incoming')).toEqual(['note-dropped.json']);
  });

  testPlain(
    'queue/: capnhook drain leaves in incoming/ what it cannot deliver, says why, and goes on when it is whole',
    async () => {
      const { spool, makeWhole } = await piecedTogether('queue');
      await spool.fire('a', 'b');
      spool.receiver.status = 500;
      expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
      const requests = spool.receiver.requests();
      const drained = await spool.run(['drain']);
      expect(drained.code).toBe(75);
      expect(
        drained.stderr.match(/^capnhook: cannot read [ab]\.json now \(EXDEV\); will retry$/gm),
      ).toHaveLength(2);
      expect(spool.receiver.requests()).toBe(requests);
      expect(spool.problems()).toEqual([]);
      await makeWhole();
      spool.receiver.status = 204;
      expect(await spool.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
      expect([...spool.receiver.delivered.keys()].sort()).toEqual(['a', 'b']);
      expect(spool.problems()).toEqual([]);
    },
  );

  testPlain(
    'retry/, dead/ and corrupt/: capnhook drain leaves deliveries where they are, and says why',
    async () => {
      const { world, mounts, spool, makeWhole } = await piecedTogether('retry', 'dead', 'corrupt');
      const drainToFail = async (): Promise<void> => {
        const drained = await spool.run(['drain']);
        expect([69, 75]).toContain(drained.code);
        expect(drained.stderr).toContain('EXDEV');
        expect(spool.problems()).toEqual([]);
        expect(spool.ledger()).toMatchObject({ dead: new Set(), corrupt: [] });
      };
      spool.receiver.status = 400;
      await spool.fire('a', 'b');
      await drainToFail();
      await drop(world, mounts, { spool, id: 'c' });
      await drainToFail();
      await makeWhole();
      spool.receiver.status = 204;
      expect(await spool.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
      expect([...spool.receiver.delivered.keys()].sort()).toEqual(['a', 'b', 'c']);
      expect(spool.ledger()).toMatchObject({ dead: new Set(), corrupt: ['note-c.json'] });
    },
  );
});

/** A world, mounts of its own, and an empty directory to mount something at. */
async function place(): Promise<{ world: World; mounts: Mounts; path: string }> {
  const world = createWorld();
  const mounts = await createMounts(world);
  const path = `${world.root}/place`;
  await mounts.sh(`mkdir ${path}`);
  return { world, mounts, path };
}

/** Puts an event into `incoming/` by hand, and beside it something that is none. */
async function drop(
  world: World,
  mounts: Mounts,
  { spool, id }: { spool: MountedSpool; id: string },
): Promise<void> {
  const event = world.file('event', `{"id":"${id}","hook":"load",\n"payload":["${id}"]}\n`);
  const incoming = `${spool.path}/incoming`;
  await mounts.sh(`
    cp ${event} ${incoming}/.${id}
    mv ${incoming}/.${id} ${incoming}/${id}.json
    echo something else > ${incoming}/note-${id}.json`);
  spool.accepted.set(id, `["${id}"]`);
}

/** Each kind of event, in each state that it can be in while it is owed. */
async function begin(world: World, mounts: Mounts, spool: MountedSpool): Promise<void> {
  spool.receiver.status = 400;
  await spool.fire('chosen', 'twice', 'twice');
  const madeUp = await spool.run(['--json', 'fire', 'load', '-d', '1.0']);
  spool.accepted.set((JSON.parse(madeUp.stdout) as { id: string }).id, '1.0');
  expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
  expect(spool.names('retry/here')).not.toEqual([]);
  spool.receiver.status = 500;
  const batch = ['fire', 'load', '--ndjson', '-', '--id', 'batch'];
  expect(await spool.run(batch, { input: '1\n"2"\n' })).toMatchObject({ code: 0 });
  spool.accepted.set('batch_1', '1').set('batch_2', '"2"');
  await drop(world, mounts, { spool, id: 'dropped' });
  expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
  expect(spool.names('queue/here')).not.toEqual([]);
  await spool.fire('waiting');
  expect(spool.problems()).toEqual([]);
}

/** Delivers all of it, and buries what nobody wants any more. */
async function finish(spool: MountedSpool): Promise<void> {
  spool.receiver.status = 204;
  expect(await spool.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
  expect(new Set(spool.receiver.delivered.keys())).toEqual(new Set(spool.accepted.keys()));
  expect(spool.problems()).toEqual([]);

  spool.receiver.status = 500;
  await spool.fire('unwanted');
  expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
  spool.deregister();
  expect(await spool.run(['drain'])).toMatchObject({ code: 69 });
  expect(spool.ledger()).toEqual({
    incoming: new Set(),
    unclaimed: new Set(),
    owed: new Set(),
    dead: new Set(['here unwanted']),
    corrupt: ['note-dropped.json'],
  });
}

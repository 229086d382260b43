/** A small ext4 that others have filled to the brim: of blocks, or of inodes. */
import { renameSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { createWorld, until, type World } from '../support/world.js';
import { repeats } from './support/measure.js';
import { type MountedSpool, useMountedSpool } from './support/mounted-spool.js';
import { createMounts, imageNeeds, mountImage } from './support/mounts.js';
import { testWith } from './support/test-with.js';

const testHere = testWith({ ...imageNeeds, commands: [...imageNeeds.commands, 'mkfs.ext4'] });

/** What is used up, and how. */
const scarcities = {
  space: {
    mkfs: 'mkfs.ext4 -q -F',
    fill: 'dd if=/dev/zero of=large bs=64k || dd if=/dev/zero of=small bs=512 || true',
  },
  inodes: {
    mkfs: 'mkfs.ext4 -q -F -N 256',
    fill: 'n=0; while touch $n; do n=$((n+1)); done',
  },
};

describe.each(Object.entries(scarcities))('a file system without %s', { repeats }, (what, scarcity) => {
  testHere('capnhook fire exits 75 with one clear line, and drain still empties the queue', async () => {
    const { spool, fill } = await smallDisk(scarcity);
    spool.receiver.status = 500;
    await spool.fire('a', 'b', 'c', 'd');
    expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
    await spool.fire('e', 'f');
    await fill();

    const fired = await spool.run(['fire', 'load', '-d', '"too much"']);
    expect(fired).toMatchObject({ code: 75, stdout: '' });
    const line = `capnhook: Cannot queue the event: hardly any ${what} .*`;
    expect(fired.stderr).toMatch(
      new RegExp(
        `^${line}\n {2}Free some space, then try again\\.( What holds the space: capnhook status --spool [^\n]+)?\n$`,
      ),
    );
    expect(spool.names('incoming')).toEqual(['e.json', 'f.json']);
    expect(spool.names('tmp')).toEqual([]);

    spool.receiver.status = 204;
    expect(await spool.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
    expect([...spool.receiver.delivered.keys()].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(spool.problems()).toEqual([]);
  });

  testHere(
    'capnhook drain delivers all that was accepted before the disk was full, while it stays full',
    async () => {
      const { spool, fill } = await smallDisk(scarcity);
      const ids = Array.from({ length: 8 }, (_, n) => `e${n}`);
      await spool.fire(...ids);
      const lines = Array.from({ length: 20 }, (_, n) => `"line ${n}"`);
      const batch = { input: lines.join('\n') };
      expect(await spool.run(['fire', 'load', '--ndjson', '-', '--id', 'b'], batch)).toMatchObject({
        code: 0,
      });
      for (const [n, line] of lines.entries()) spool.accepted.set(`b_${n + 1}`, line);
      await fill();
      expect(await spool.run(['drain'])).toMatchObject({ code: 0 });
      expect(spool.receiver.delivered.size).toBe(28);
      expect(spool.problems()).toEqual([]);
      // The room that was given up is held again.
      expect(spool.names('ballast').length).toBeGreaterThan(8);
    },
  );

  testHere('capnhook drain of more endpoints than there is room for goes on in small steps', async () => {
    const { spool, fill } = await smallDisk(scarcity);
    const urls = Array.from({ length: 40 }, (_, n) => `${spool.receiver.url}?${n}`);
    for (const [n, url] of urls.entries())
      await writeEvent(spool, `t${n}`, `{"id":"t${n}","to":[${JSON.stringify(url)}],"payload":${n}}`);
    await fill();
    for (let pass = 1; pass <= 3 && spool.names('incoming').length > 0; pass += 1) await spool.run(['drain']);
    expect(spool.receiver.delivered.size).toBe(40);
    expect(spool.names('queue')).toEqual([]);
  });

  testHere(
    'capnhook drain --daemon holds the room again that it gave up, as soon as there is some, and goes on',
    async () => {
      const { spool, world, prefix, fill, makeRoom } = await smallDisk(scarcity);
      const held = spool.names('ballast').length;
      const urls = Array.from({ length: 12 }, (_, n) => `${spool.receiver.url}?${n}`);
      for (const [n, url] of urls.entries())
        writeFileSync(
          `${spool.seen}/tmp/t${n}`,
          `{"id":"t${n}","to":[${JSON.stringify(url)}],"payload":${n}}`,
        );
      const daemon = world.start(['drain', '--daemon', '--spool', spool.path], { prefix });
      await daemon.says('started');
      await fill();
      for (const n of urls.keys()) renameSync(`${spool.seen}/tmp/t${n}`, `${spool.seen}/incoming/t${n}.json`);
      await until('all is delivered', () => spool.receiver.delivered.size === 12);
      expect(spool.names('ballast').length).toBeLessThan(held);
      await makeRoom();
      await until('the room is held again', () => spool.names('ballast').length === held);
      daemon.kill('SIGTERM');
      await daemon.ended;
    },
  );

  testHere(
    'capnhook drain leaves what there is no room to move, and does not send it over and over',
    async () => {
      const { spool, fill } = await smallDisk(scarcity);
      spool.receiver.status = 500;
      await spool.fire('a', 'b');
      expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
      await fill();
      spool.receiver.status = 400; // it speaks of the event: such a delivery goes to retry/, which is not made yet
      const before = spool.receiver.requests();

      expect(await spool.run(['drain'])).toMatchObject({ code: 75 });
      expect(spool.receiver.requests() - before).toBeLessThanOrEqual(2);
      expect(spool.ledger().owed).toEqual(new Set(['here a', 'here b']));
      spool.receiver.status = 204;
      expect(await spool.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
      expect(spool.receiver.delivered.size).toBe(2);
      expect(spool.problems()).toEqual([]);
    },
  );

  testHere('capnhook fire --ndjson refuses a batch that does not fit', async () => {
    const { spool, lines } = await smallDisk(scarcity);
    const fired = await spool.run(['fire', 'load', '--ndjson', lines(9_000, 'x'.repeat(1_000))]);
    expect(fired.code).toBe(75);
    const line = 'capnhook: Cannot queue the event: hardly any space .*';
    expect(fired.stderr).toMatch(
      new RegExp(
        `^${line}\n {2}Free some space, then try again\\.( What holds the space: capnhook status --spool [^\n]+)?\n$`,
      ),
    );
    expect(spool.names('incoming')).toEqual([]);
    expect(spool.names('tmp')).toEqual([]);
  });

  testHere('capnhook drain sends a batch of more events than there are blocks or inodes', async () => {
    const { spool, lines } = await smallDisk(scarcity);
    const fired = await spool.run(['fire', 'load', '--ndjson', lines(3_000, 'x')]);
    expect(fired).toMatchObject({ code: 0, stderr: '' });
    expect(await spool.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
    expect(spool.receiver.delivered.size).toBe(3_000);
    expect(spool.names('queue')).toEqual([]);
  });
});

/** Puts an event into `incoming/`, as a script does. */
async function writeEvent({ seen }: MountedSpool, id: string, text: string): Promise<void> {
  writeFileSync(`${seen}/tmp/${id}`, text);
  renameSync(`${seen}/tmp/${id}`, `${seen}/incoming/${id}.json`);
}

interface SmallDisk {
  spool: MountedSpool;
  world: World;
  /** Stands before a command that is to see the disk. */
  prefix: readonly string[];
  /** Uses up what there is, to the last of what root may have. */
  fill(): Promise<void>;
  makeRoom(): Promise<void>;
  /** A file, elsewhere, with so many payloads that hold a text, one a line. */
  lines(count: number, text: string): string;
}

async function smallDisk({ mkfs, fill }: { mkfs: string; fill: string }): Promise<SmallDisk> {
  const world = createWorld();
  const mounts = await createMounts(world);
  const { path } = await mountImage(world, mounts, { megabytes: 8, mkfs });
  const spool = await useMountedSpool(world, mounts, `${path}/spool`);
  expect(await spool.run(['init'])).toMatchObject({ code: 0 });
  return {
    ...{ spool, world, prefix: mounts.prefix },
    fill: async () => {
      await mounts.sh(`mkdir ${path}/others; cd ${path}/others; ${fill}`);
    },
    makeRoom: async () => {
      await mounts.sh(`rm -r ${path}/others`);
    },
    lines: (count, text) => world.file('lines', `"${text}"\n`.repeat(count)),
  };
}

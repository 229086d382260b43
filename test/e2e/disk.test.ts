import { chmodSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mayMount, mountSpool } from '../support/mounted-spool.js';
import { mayNotRunAs, mayRunAs } from '../support/others.js';
import { startReceiver } from '../support/receiver.js';
import { bin, createWorld, node, type RunOptions, type World } from '../support/world.js';

async function countIn(
  world: World,
  { room, prefix }: { room: string; prefix: readonly string[] },
): Promise<number> {
  const listed = await world.exec('find', [`${world.spool}/${room}`, '-type', 'f'], { prefix });
  return listed.stdout.split('\n').length - 1;
}

describe('a spool on a disk that is in trouble', () => {
  test('a full disk: capnhook fire exits 75 with one clear line, and drain still empties the spool', async ({
    skip,
  }) => {
    const world = createWorld();
    const mounts = await mountSpool(world, 'size=1m');
    if (mounts === undefined) return skip(mayMount);
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);
    for (const n of [1, 2, 3])
      expect(await world.run(['fire', 'complete', '-d', `${n}`], mounts)).toMatchObject({ code: 0 });
    await world.exec('dd', ['if=/dev/zero', `of=${world.spool}/tmp/fills-the-disk`, 'bs=4096'], mounts);

    const fired = await world.run(['fire', 'complete', '-d', '4'], mounts);
    expect(fired.code).toBe(75);
    expect(fired.stderr).toMatch(
      /^capnhook: Cannot queue the event: .*space.*\n {2}Free some space, then try again\.( What holds the space: capnhook status --spool [^\n]+)?\n$/,
    );
    expect(await countIn(world, { ...mounts, room: 'incoming' })).toBe(3);
    expect(await countIn(world, { ...mounts, room: 'tmp' })).toBe(1);

    const drained = await world.run(['drain'], mounts);
    expect(drained).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual(['1', '2', '3']);
    expect(await countIn(world, { ...mounts, room: '' })).toBeLessThanOrEqual(4);
    await world.exec('rm', [`${world.spool}/tmp/fills-the-disk`], mounts);
    expect(await world.run(['fire', 'complete', '-d', '4'], mounts)).toMatchObject({ code: 0 });
  });

  test('a disk without inodes: capnhook fire exits 75 and queues nothing', async ({ skip }) => {
    const world = createWorld();
    const mounts = await mountSpool(world, 'size=1m,nr_inodes=40');
    if (mounts === undefined) return skip(mayMount);
    let last = await world.run(['fire', 'complete', '-d', '1'], mounts);
    for (let n = 0; last.code === 0 && n < 40; n++)
      last = await world.run(['fire', 'complete', '-d', '1'], mounts);
    expect(last.code).toBe(75);
    expect(last.stderr).toMatch(/^capnhook: Cannot queue the event: .*\n {2}\S.*\n$/);
    expect(await countIn(world, { ...mounts, room: 'tmp' })).toBe(0);
  });

  test('a read-only spool: capnhook fire and drain exit 74 with one clear line; once it is writable all goes on', async ({
    skip,
  }) => {
    const world = createWorld();
    const mounts = await mountSpool(world, 'size=1m');
    if (mounts === undefined) return skip(mayMount);
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', '-d', '1'], mounts);
    expect(await world.exec('mount', ['-o', 'remount,ro', world.spool], mounts)).toMatchObject({ code: 0 });

    for (const args of [['fire', 'complete', '-d', '2'], ['drain'], ['flush', '--yes']]) {
      const ended = await world.run(args, mounts);
      expect(ended.code, args.join(' ')).toBe(74);
      expect(ended.stderr).toMatch(/^capnhook: Cannot .*read-only.*\n {2}Mount it for writing, or .*\n/);
      expect(ended.stderr.split('\n')).toHaveLength(args[0] === 'drain' ? 4 : 3); // a drain's last line says why
    }
    expect(receiver.requests).toEqual([]);
    await world.exec('mount', ['-o', 'remount,rw', world.spool], mounts);
    expect(await world.run(['drain'], mounts)).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['1']);
  });
});

describe('files that somebody else owns', () => {
  const stranger = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

  /** A prefix that makes root somebody who must obey file modes; whoever is not root must already. */
  async function somebody(world: World): Promise<Required<Pick<RunOptions, 'prefix'>> | undefined> {
    if (process.getuid?.() !== 0) return { prefix: [] };
    return (await mayRunAs(world, stranger)) ? { prefix: stranger } : undefined;
  }

  test('an unreadable payload: capnhook fire exits 77 with one clear line, and queues nothing', async ({
    skip,
  }) => {
    const world = createWorld();
    const prefix = await somebody(world);
    if (prefix === undefined) return skip(mayNotRunAs);
    const file = world.file('p.json', '1');
    chmodSync(file, 0o000);
    const fired = await world.run(['fire', 'complete', file], prefix);
    expect(fired.code).toBe(77);
    expect(fired.stderr).toBe(`capnhook: Cannot read the payload from "${file}": permission denied\n`);
    expect(world.names('incoming')).toEqual([]);
  });

  test("somebody else's spool: capnhook fire and drain exit 77 with one clear line", async ({ skip }) => {
    const world = createWorld();
    const prefix = await somebody(world);
    if (prefix === undefined) return skip(mayNotRunAs);
    world.hooks('hooks: {}\n');
    await world.run(['init']);
    chmodSync(world.spool, 0o000);
    for (const args of [['fire', 'complete', '-d', '1'], ['drain']]) {
      const ended = await world.run(args, prefix);
      expect(ended.code, args.join(' ')).toBe(77);
      expect(ended.stderr).toMatch(/^capnhook: Cannot .*permission denied.*\n {2}\S.*\n/);
      expect(ended.stderr.split('\n')).toHaveLength(args[0] === 'drain' ? 4 : 3); // a drain's last line says why
    }
    chmodSync(world.spool, 0o700);
  });

  test('an unreadable hooks file: capnhook drain exits 77 and touches nothing', async ({ skip }) => {
    const world = createWorld();
    const prefix = await somebody(world);
    if (prefix === undefined) return skip(mayNotRunAs);
    world.hooks('hooks: {}\n');
    chmodSync(world.config, 0o000);
    const drained = await world.run(['drain'], prefix);
    expect(drained.code).toBe(77);
    expect(drained.stderr).toContain(world.config);
  });

  test('a spool is private whatever the umask', async () => {
    const world = createWorld();
    await world.sh(`umask 000; capnhook fire complete -d 1`);
    const open = await world.exec('find', [world.spool, '-perm', '/077']);
    expect(open).toMatchObject({ code: 0, stdout: '' });
  });
});

test('what sends cannot be loaded because too many files are open: the drain goes on, and then sends', async () => {
  const world = createWorld();
  const { url, requests, close } = await startReceiver();
  onTestFinished(close);
  world.hooks(`hooks: {complete: ["${url}"]}\n`);
  await world.run(['fire', 'complete', '-d', '1']);
  const once = world.file(
    'once.cjs',
    `const fs = require('fs'), { readFileSync } = fs;
    let left = 1;
    fs.readFileSync = (path, ...rest) => {
      if (String(path).endsWith('undici.js') && left-- > 0)
        throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', errno: -24, syscall: 'open' });
      return readFileSync(path, ...rest);
    };`,
  );
  const drained = await world.exec(node, ['--require', once, bin, 'drain', '--wait', '20s', '-v']);
  expect(drained).toMatchObject({ code: 0, stderr: expect.stringContaining('EMFILE') });
  expect(requests).toHaveLength(1);
});

test('node is the one under test', async () => {
  const world = createWorld();
  const version = await world.exec(node, ['--version']);
  expect(version.stdout.trim()).toMatch(/^v(2[0-9]|[3-9][0-9])\./);
});

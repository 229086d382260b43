/** capnhook_fire on disks that are full, that lack links, and whose power is cut: exit 0 is an event that is whole and stays. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { eventToBytes, parseEvent } from '../../src/event/record.js';
import { randomNumbers } from '../support/random-numbers.js';
import { startRecorder } from '../support/recorder.js';
import { runIn, type Shell, shellenv, shells } from '../support/shells.js';
import { createWorld, type Ended, type Running, until, type World } from '../support/world.js';
import { mountExfat } from './support/fat.js';
import { measure } from './support/measure.js';
import { createMounts, imageNeeds, type Mounts, mountNeeds } from './support/mounts.js';
import { problemsOf, readLedger } from './support/oracle.js';
import { createPowerRig, type PowerRig } from './support/power-rig.js';
import { pathWithFault } from './support/shell-calls.js';
import { testWith } from './support/test-with.js';

const [dash] = shells as [Shell];
const shellNeeds = ['dash', 'bash', 'busybox', 'zsh'];
const testMounted = testWith({ ...mountNeeds, commands: [...mountNeeds.commands, ...shellNeeds] });
const testExfat = testWith({
  root: true,
  commands: [...imageNeeds.commands, ...shellNeeds, 'mkfs.exfat', 'mount.exfat-fuse'],
  files: ['/dev/fuse', '/dev/loop-control'],
});
const powerNeeds = {
  ...imageNeeds,
  commands: [...imageNeeds.commands, ...shellNeeds, 'xfs_io', 'mkfs.ext4'],
};
const testPower = testWith(powerNeeds);

/** How many bytes of a file stand before the payload, at any time and with any made-up id. */
const head: number =
  eventToBytes({
    id: `evt_${'0'.repeat(26)}`,
    hook: 'load',
    time: new Date().toISOString(),
    payload: Buffer.alloc(0),
  }).length - '\n}\n'.length;

interface Disk {
  world: World;
  mounts: Mounts;
  spool: string;
  fire(shell: Shell, script: string): Promise<Ended>;
  /** The payloads of what is queued, of which each must be whole. */
  payloads(): string[];
  names(room: string): string[];
}

/** Makes a spool on what `mount` mounts at a path. */
async function createDisk(
  mount: (world: World, mounts: Mounts, path: string) => Promise<unknown>,
): Promise<Disk> {
  const world = createWorld();
  const mounts = await createMounts(world);
  const path = `${world.root}/disk`;
  mkdirSync(path);
  await mount(world, mounts, path);
  const spool = `${path}/spool`;
  expect(await world.run(['init', '--spool', spool], { prefix: mounts.prefix })).toMatchObject({ code: 0 });
  const outside = mounts.outside(spool);
  const names: Disk['names'] = (room) => readdirSync(`${outside}/${room}`);
  return {
    world,
    mounts,
    spool,
    names,
    fire: (shell, script) =>
      runIn(shell, world, script, {
        prefix: mounts.prefix,
        env: { CAPNHOOK_SPOOL: spool, PAYLOAD: `${world.root}/p.json` },
      }),
    payloads: () =>
      names('incoming').map((name) => {
        const event = parseEvent(readFileSync(`${outside}/incoming/${name}`));
        if (!event.ok) throw new Error(`${name}: ${event.reason}`);
        return event.payload.toString();
      }),
  };
}

describe.each(shells)('capnhook_fire on a full disk', (shell) => {
  // The last one is full when all is written but the end of the file: 5 pages an event and one for its end.
  const scarcities = [
    { what: 'space', options: 'size=1m', bytes: 200_000, codes: [75] },
    { what: 'inodes', options: 'size=1m,nr_inodes=32', bytes: 10, codes: [75] },
    {
      what: 'space for the end',
      options: `size=${(1 + 4 * 6 + 5) * 4096}`,
      bytes: 5 * 4096 - head,
      codes: [74, 75],
    },
  ];

  testMounted(
    `${shell.name}: exit 0 is an event that is whole, and 75 is none and leaves nothing`,
    async () => {
      for (const { what, options, bytes, codes } of scarcities) {
        const disk = await createDisk((_, mounts, path) =>
          mounts.sh(`mount -t tmpfs -o ${options} tmpfs ${path}`),
        );
        const payload = `"${'x'.repeat(bytes - 2)}"`;
        disk.world.file('p.json', payload);
        const script = `n=0 code=0
        while [ "$code" = 0 ]; do capnhook_fire load "$PAYLOAD" && n=$((n + 1)) || code=$?; done
        echo "$n"; capnhook_fire load - < "$PAYLOAD"; exit "$code"`;
        const ended = await disk.fire(shell, script);
        expect(codes, `${what}: ${ended.stderr}`).toContain(ended.code);
        expect(ended.stderr, what).toMatch(
          /^(capnhook: Cannot queue the event: .* \((ENOSPC, )?spool .*\)\n {2}.*\n){2}$/,
        );
        expect(disk.payloads(), what).toEqual(Array(Number(ended.stdout)).fill(payload));
        expect(Number(ended.stdout), what).toBeGreaterThan(2);
        expect(disk.names('tmp'), what).toEqual([]);
      }
    },
  );
});

describe('capnhook_fire on a file system without hard links', () => {
  testExfat('it renames, and says nothing of it', async () => {
    const disk = await createDisk(mountExfat);
    disk.world.file('p.json', '"here"');
    for (const shell of shells) {
      expect(await disk.fire(shell, 'capnhook_fire load "$PAYLOAD"'), shell.name).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
    }
    expect(disk.payloads()).toEqual(shells.map(() => '"here"'));
    expect(disk.names('tmp')).toEqual([]);
  });
});

describe('capnhook_fire when incoming/ is on another disk than tmp/', () => {
  testMounted('it is refused with 74, and nothing is copied there', async () => {
    const disk = await createDisk((_, mounts, path) => mounts.sh(`mount -t tmpfs tmpfs ${path}`));
    await disk.mounts.sh(`mount -t tmpfs tmpfs ${disk.spool}/incoming`);
    disk.world.file('p.json', '1');
    const ended = await disk.fire(dash, 'capnhook_fire load "$PAYLOAD"');
    expect(ended.code).toBe(74);
    expect(ended.stderr).toMatch(
      /^capnhook: Cannot queue the event: ln: .* cross-device link .*\n {2}Choose another spool\.\n$/i,
    );
    expect([...disk.names('incoming'), ...disk.names('tmp')]).toEqual([]);
  });
});

const image = { megabytes: 48, mkfs: 'mkfs.ext4 -q -F', options: 'commit=300' };

/** Fires with a program that does something else, on the disk of a rig. */
function fireOn(rig: PowerRig, world: World, env: Record<string, string>): Running {
  const [program, ...args] = dash.command;
  const script = 'eval "$SHELLENV"; capnhook_fire load "$PAYLOAD"';
  const all = {
    SHELLENV: shellenv(),
    CAPNHOOK_SPOOL: `${rig.disk.path}/spool`,
    PAYLOAD: `${world.root}/p.json`,
    ...env,
  };
  return world.launch(program, [...args, script], { prefix: rig.prefix, env: all });
}

describe('a power cut on ext4', () => {
  testPower('what capnhook_fire exited 0 for is delivered whole, whenever the cut came', async () => {
    const world = createWorld();
    const rig = await createPowerRig(world, image);
    const recorder = await startRecorder();
    world.hooks(`hooks: {"**": here}\nendpoints: {here: "${recorder.url}"}\n`);
    const random = randomNumbers(14);
    const payloads = new Set<string>();
    let acceptedInAll = 0;
    let cutShort = 0;
    for (let round = 0; round < measure(3, 80); round++) {
      const spool = `${rig.disk.path}/${round}/spool`;
      expect(await rig.run(['init', '--spool', spool])).toMatchObject({ code: 0 });
      const accepted = new Set<string>();
      const fireNext = async (): Promise<Running> => {
        const n = payloads.size;
        const payload = `{"n":${n},"text":"${'x'.repeat(random() * 100_000)}"}`;
        payloads.add(payload);
        const env = { CAPNHOOK_SPOOL: spool, FILE: world.file(`p-${n}.json`, payload), SHELLENV: shellenv() };
        const {
          command: [program, ...args],
        } = shells[n % shells.length] as Shell;
        const script = 'eval "$SHELLENV"; capnhook_fire load "$FILE"';
        const running = world.launch(program, [...args, script], { prefix: rig.prefix, env });
        running.ended.then(({ code }) => {
          if (code === 0) accepted.add(payload);
          else cutShort += 1;
        });
        return running;
      };
      const cut = async (): Promise<void> => {
        await until('an event is accepted', () => accepted.size > 0);
        await sleep(random() * 200);
      };
      await rig.cutWhile(fireNext, { atOnce: 4, cut });
      expect(await rig.run(['drain', '--spool', spool])).toMatchObject({ code: 0 });
      const delivered = new Set([...recorder.delivered.values()].flat());
      expect([...accepted].filter((payload) => !delivered.has(payload)).length, 'lost').toBe(0);
      expect([...delivered].filter((payload) => !payloads.has(payload)).length, 'torn').toBe(0);
      expect(
        problemsOf({
          spool: rig.outside(spool),
          accepted: new Map(),
          received: { here: recorder.delivered },
        }),
      ).toEqual([]);
      expect(readLedger(rig.outside(spool))).toMatchObject({
        incoming: new Set(),
        owed: new Set(),
        corrupt: [],
      });
      acceptedInAll += accepted.size;
    }
    expect(acceptedInAll).toBeGreaterThan(0);
    expect(cutShort).toBeGreaterThan(0);
  });

  testPower('capnhook_fire does not exit 0 when the disk goes away before its last fsync', async () => {
    const world = createWorld();
    const rig = await createPowerRig(world, image);
    expect(await rig.run(['init', '--spool', `${rig.disk.path}/spool`])).toMatchObject({ code: 0 });
    world.file('p.json', '1');
    const script = `echo > '${world.root}/here'; until [ -e '${world.root}/cut' ]; do sleep 0.02; done; exec "$real" "$@"`;
    const fired = fireOn(rig, world, { PATH: pathWithFault(world, { program: 'sync', nth: 2, script }) });
    await until('it is linked', () => readdirSync(world.root).includes('here'));
    await rig.disk.cut();
    world.file('cut', '');
    expect(await fired.ended).toMatchObject({ code: 74, stderr: expect.stringContaining('(EIO, spool ') });
  });

  testPower(
    'the same cut does lose what capnhook_fire does not fsync, and what it fsyncs in tmp/ alone',
    async () => {
      const world = createWorld();
      const rig = await createPowerRig(world, image);
      const spool = `${rig.disk.path}/spool`;
      expect(await rig.run(['init', '--spool', spool])).toMatchObject({ code: 0 });
      world.file('p.json', '1');
      expect(await fireOn(rig, world, {}).ended).toMatchObject({ code: 0 });
      const kept = readdirSync(rig.outside(`${spool}/incoming`));
      const nothing = pathWithFault(world, { program: 'sync', nth: 2, script: 'exit 0' });
      expect(await fireOn(rig, world, { PATH: nothing }).ended).toMatchObject({ code: 0 });
      const never = pathWithFault(world, { program: 'sync', script: 'exit 0' });
      expect(await fireOn(rig, world, { PATH: never }).ended).toMatchObject({ code: 0 });
      expect(readdirSync(rig.outside(`${spool}/incoming`))).toHaveLength(3);
      await rig.disk.cut();
      await rig.disk.remount();
      expect(readdirSync(rig.outside(`${spool}/incoming`))).toEqual(kept);
    },
  );
});

/** Very many deliveries, and very many endpoints: time, calls and memory stay bounded. */
import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld, type Ended, type World } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { isLong, measure } from './support/measure.js';
import { memoryDir } from './support/memory-dir.js';
import { createMounts, imageNeeds, mountImage } from './support/mounts.js';
import { peakOf } from './support/peak.js';
import { testWith } from './support/test-with.js';

const segmentSize = 4_096;
/** ext4 allows 65,000 links to a file. */
const mostLinks = 60_000;

/** Puts so many deliveries into an endpoint's queue: names of a few files, as an intake of long ago may have left them. */
function fillQueue(spool: string, endpoint: string, count: number): void {
  for (let n = 0; n < count; n += 1) {
    const segment = join(spool, 'queue', endpoint, String(1 + Math.floor(n / segmentSize)).padStart(8, '0'));
    if (n % segmentSize === 0) mkdirSync(segment, { recursive: true });
    const original = join(spool, 'tmp', `original-${Math.floor(n / mostLinks)}`);
    if (n % mostLinks === 0) writeFileSync(original, '{"hook":"old",\n"payload":1\n}\n', { mode: 0o600 });
    linkSync(original, join(segment, `old_${String(n).padStart(8, '0')}.json`));
  }
}

interface DeadAndAlive {
  /** One spool for what is beside the dead endpoint's backlog, and one without it. */
  beside: { env: { CAPNHOOK_SPOOL: string } };
  empty: { env: { CAPNHOOK_SPOOL: string } };
  alive(): number;
}

/** A hooks file with an endpoint that is dead, and one that works; and two spools. */
async function deadAndAlive(world: World): Promise<DeadAndAlive> {
  const endpoints = await startEndpoints({
    names: ['alive'],
    defaults: 'retry: {schedule: [2s, 1h], jitter: 0}',
  });
  world.hooks(
    endpoints.hooks
      .replace('{"**": [alive]}', '{"**": [alive], old: [dead]}')
      .replace('endpoints:\n', 'endpoints:\n  dead: "http://127.0.0.1:9/"\n'),
  );
  const spools = ['beside', 'empty'].map((name) => ({ env: { CAPNHOOK_SPOOL: join(memoryDir(), name) } }));
  for (const spool of spools) expect(await world.run(['init'], spool)).toMatchObject({ code: 0 });
  const [beside, empty] = spools as [DeadAndAlive['beside'], DeadAndAlive['empty']];
  return { beside, empty, alive: () => endpoints.received.alive?.size ?? 0 };
}

/** A pass that moves nothing of the dead endpoint's, and no delivery but from `incoming/` into its queue. */
async function expectNoMove(world: World, spool: DeadAndAlive['beside']): Promise<Ended> {
  const trace = join(world.root, 'trace');
  const calls = 'trace=rename,renameat,renameat2,link,linkat,unlink,unlinkat';
  const prefix = ['strace', '-f', '--seccomp-bpf', '-qq', '-o', trace, '-e', calls];
  const ended = await world.run(['drain'], { ...spool, prefix });
  const made = readFileSync(trace, 'utf8').split('\n');
  expect(made.filter((call) => call.includes('/queue/dead/') || call.includes('/dead/dead/'))).toEqual([]);
  const isOurs = (call: string): boolean => /endpoints\/|incoming\/|last-drain\.json/.test(call);
  expect(made.filter((call) => /rename\w*\(/.test(call) && !isOurs(call))).toEqual([]);
  return ended;
}

const owed = measure(200_000, 1_000_000);

describe(`a dead endpoint that is owed ${owed} deliveries`, () => {
  testWith({ commands: ['strace'] })(
    'costs a pass beside it at most 100 ms of processor time and no rename, and at most 150 MB of memory are held',
    async () => {
      const world = createWorld();
      const { beside, empty, alive } = await deadAndAlive(world);
      fillQueue(beside.env.CAPNHOOK_SPOOL, 'dead', owed);
      // It is parked by the first pass, which counts what it is owed.
      const first = await expectNoMove(world, beside);
      expect(first.code).toBe(75);
      expect(first.stderr).toMatch(/dead\) fails: ECONNREFUSED/);
      await new Promise((resolve) => setTimeout(resolve, 2_100)); // a directory that has just changed is counted anew
      expect((await expectNoMove(world, beside)).code).toBe(75); // it is probed

      const peak = peakOf(world);
      async function pass(env: Record<string, string>): Promise<number> {
        expect(await world.run(['fire', 'new', '-d', '1'], { env })).toMatchObject({ code: 0 });
        await world.run(['drain'], { env: { ...env, ...peak.env } });
        return peak.cpuMs();
      }
      const took = { beside: [] as number[], empty: [] as number[] };
      const pairs = measure(5, 25);
      for (let pair = 0; pair < pairs; pair += 1) {
        took.beside.push(await pass(beside.env));
        took.empty.push(await pass(empty.env));
      }
      // Of processor time the least of each: other tests compute beside this one.
      const more = Math.min(...took.beside) - Math.min(...took.empty);
      console.log(`a pass beside ${owed} owed costs ${more.toFixed(0)} ms more`);
      expect(more).toBeLessThanOrEqual(100);

      await world.run(['fire', 'new', '-d', '1'], beside);
      await expectNoMove(world, beside);

      await world.run(['fire', 'new', '-d', '1'], beside);
      await world.run(['drain', '--json'], { env: { ...beside.env, ...peak.env } });
      console.log(`a pass beside ${owed} owed holds ${peak.mebibytes().toFixed(0)} MiB`);
      expect(peak.mebibytes()).toBeLessThanOrEqual(150);
      expect(alive()).toBe(2 * pairs + 2);
    },
  );
});

const many = measure(5_000, 20_000);
const mostMemory = measure(200, 300);

describe('very many endpoints', () => {
  /** So many URLs of one receiver. */
  async function wide(count: number): Promise<{
    world: World;
    env: Record<string, string>;
    urls: string[];
    paths: Set<string>;
  }> {
    const world = createWorld();
    const paths = new Set<string>();
    const receiver = await world.receiver(({ path }) => {
      paths.add(path);
      return undefined;
    });
    const urls = Array.from({ length: count }, (_, n) => `${receiver.url}/e${n}`);
    return { world, env: { CAPNHOOK_SPOOL: join(memoryDir(), 'spool') }, urls, paths };
  }

  const onExt4 = testWith({ ...imageNeeds, commands: [...imageNeeds.commands, 'mkfs.ext4'] });
  // Making 140,000 directories durable takes minutes.
  const whereLong = isLong ? onExt4 : test.skip;
  whereLong(
    'capnhook drain delivers one event to 70,000 endpoints where a file has 65,000 names at most, and holds at most 900 MB',
    async () => {
      const { world, urls, paths } = await wide(70_000);
      world.hooks(`hooks:\n  all:\n${urls.map((url) => `    - ${url}\n`).join('')}`);
      const mounts = await createMounts(world);
      const disk = await mountImage(world, mounts, { megabytes: 4096, mkfs: 'mkfs.ext4 -q -F -N 600000' });
      const peak = peakOf(world);
      const options = { prefix: mounts.prefix, env: { CAPNHOOK_SPOOL: `${disk.path}/spool`, ...peak.env } };
      expect(await world.run(['fire', 'all', '-d', '1'], options)).toMatchObject({ code: 0 });
      const ended = await world.run(['drain', '--wait', '50m'], { ...options, lifeMs: 3_000_000 });
      expect(ended).toMatchObject({ code: 0 });
      expect(paths.size).toBe(70_000);
      console.log(`70,000 endpoints: ${peak.mebibytes().toFixed(0)} MiB`);
      expect(peak.mebibytes()).toBeLessThanOrEqual(900);
    },
  );

  test(`capnhook drain delivers one event to ${many} endpoints, and holds at most ${mostMemory} MB of memory`, async () => {
    const { world, env, urls, paths } = await wide(many);
    world.hooks(`hooks:\n  all:\n${urls.map((url) => `    - ${url}\n`).join('')}`);
    const peak = peakOf(world);
    await world.run(['fire', 'all', '-d', '1'], { env });
    const seconds = measure(90, 300);
    const { code, stderr } = await world.run(['drain', '--wait', `${seconds}s`], {
      env: { ...env, ...peak.env },
      lifeMs: (seconds + 10) * 1000,
    });
    expect(code, stderr).toBe(0);
    expect(paths.size).toBe(many);
    console.log(`${many} endpoints: ${peak.mebibytes().toFixed(0)} MiB`);
    expect(peak.mebibytes()).toBeLessThanOrEqual(mostMemory);
  });
});

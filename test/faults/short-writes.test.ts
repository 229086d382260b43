/**
 * Writes that stop in the middle, by a disk that is full at that moment or a limit on files, and an fsync that
 * fails once: nothing is ever queued in half, and what an fsync has refused is not believed to a second one.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createWorld, type Running, until, type World } from '../support/world.js';
import { startEndpoints } from './support/endpoints.js';
import { problemsOf } from './support/oracle.js';
import { aimAt, type Call, fewThreads, readCalls, sameNames, spoolCalls, strace } from './support/strace.js';
import { testWith } from './support/test-with.js';

const payload = `{"text":"${'x'.repeat(300_000)}"}`;
const env = fewThreads;

interface Mounted {
  world: World;
  /** The spool as this process sees it. */
  inside: string;
  prefix: readonly string[];
  /** The payload's. */
  file: string;
}

/** A world whose spool is a file system of 1 MB in memory. */
async function mounted(): Promise<Mounted> {
  const world = createWorld();
  const script = `mkdir -p "${world.spool}" && mount -t tmpfs -o size=1m tmpfs "${world.spool}" && echo mounted >&2 && exec sleep 100`;
  const holder = world.launch('unshare', ['--mount', 'sh', '-c', script]);
  await holder.says('mounted');
  const prefix = ['nsenter', `--target=${holder.pid}`, '--mount', '--'];
  const file = world.file('payload', payload);
  await world.run(['init'], { prefix });
  return { world, prefix, file, inside: `/proc/${holder.pid}/root${world.spool}` };
}

/** Fires into the full disk to be: the write of the payload waits before it begins, and before it is told of. */
function fireSlowly({ world, prefix, file }: Mounted, write: Call): { running: Running; trace: string } {
  const trace = join(world.root, 'fire');
  const waits = 'delay_enter=1000000:delay_exit=1000000';
  const inject = aimAt(write, { effect: waits, spool: world.spool });
  const straced = [...prefix, ...strace({ trace, calls: spoolCalls, inject })];
  return { running: world.start(['fire', 'load', file], { prefix: straced, env: sameNames(world) }), trace };
}

/** Which write of fire is that of the payload. */
async function writeOf({ world, prefix, inside, file }: Mounted): Promise<Call> {
  const trace = join(world.root, 'recorded');
  const recording = [...prefix, ...strace({ trace })];
  const fired = await world.run(['fire', 'load', file], { prefix: recording, env: sameNames(world) });
  expect(fired.code).toBe(0);
  for (const name of readdirSync(`${inside}/incoming`)) rmSync(`${inside}/incoming/${name}`);
  const [write] = callsTo(readCalls(trace, world.spool), 'write tmp/…');
  if (write === undefined) throw new Error('it wrote nothing');
  return write;
}

/** The size of the file that fire writes; undefined where there is none yet. */
function sizeWritten(inside: string): number | undefined {
  const [name] = readdirSync(`${inside}/tmp`).filter((each) => each !== 'filler');
  return name === undefined ? undefined : statSync(`${inside}/tmp/${name}`, { throwIfNoEntry: false })?.size;
}

/** Leaves so many bytes. */
function fill(inside: string, leave: number): void {
  const { bavail, bsize } = statfsSync(inside);
  writeFileSync(`${inside}/tmp/filler`, Buffer.alloc(bavail * bsize - leave));
}

function callsTo(calls: readonly Call[], shape: string): Call[] {
  return calls.filter((call) => call.shape.startsWith(shape));
}

/** Fires, and fills the disk between the check of its space and the write; resolves once that was short. */
async function fireIntoFullDisk(full: Mounted): Promise<{ running: Running; trace: string }> {
  const fired = fireSlowly(full, await writeOf(full));
  await until('the file is open', () => sizeWritten(full.inside) !== undefined);
  fill(full.inside, 40_960);
  await until('a part is written', () => (sizeWritten(full.inside) ?? 0) > 0);
  return fired;
}

describe('capnhook whose writes are short', () => {
  const testMounted = testWith({
    root: true,
    mounts: true,
    commands: ['strace', 'unshare', 'nsenter', 'mount'],
  });

  testMounted(
    'fire writes on after a short write, once there is space again, and the event is whole',
    async () => {
      const full = await mounted();
      const { running, trace } = await fireIntoFullDisk(full);
      rmSync(`${full.inside}/tmp/filler`);
      expect(await running.ended).toMatchObject({ code: 0, stderr: '' });

      const results = callsTo(readCalls(trace, full.world.spool), 'write tmp/…').map(({ result }) =>
        Number.parseInt(result, 10),
      );
      expect(results).toEqual([40_960, expect.any(Number)]);
      const [name = ''] = readdirSync(`${full.inside}/incoming`);
      const event = readFileSync(`${full.inside}/incoming/${name}`, 'utf8');
      expect(event.slice(event.indexOf('\n') + 1)).toBe(`"payload":${payload}\n}\n`);
      expect(event.length).toBe(results.reduce((sum, each) => sum + each, 0));
    },
  );

  testMounted(
    'fire whose disk stays full after a short write exits 75, and never renames what it has written',
    async () => {
      const full = await mounted();
      const { running, trace } = await fireIntoFullDisk(full);
      const { code, stderr } = await running.ended;
      expect(code).toBe(75);
      expect(stderr).toMatch(
        /^capnhook: Cannot queue the event: no space [^\n]*\n {2}Free some space, then try again\.\n$/,
      );

      const calls = readCalls(trace, full.world.spool);
      const [short, ...others] = callsTo(calls, 'write tmp/…');
      expect(short?.result).toMatch(/^40960 /);
      expect(new Set(others.map(({ errno }) => errno))).toEqual(new Set(['ENOSPC']));
      expect([...callsTo(calls, 'rename'), ...callsTo(calls, 'link')]).toEqual([]);
      expect(readdirSync(`${full.inside}/incoming`)).toEqual([]);
      expect(readdirSync(`${full.inside}/tmp`)).toEqual(['filler']);
    },
  );

  testMounted(
    'drain on a disk without a single free block delivers all, and its journal goes on when there is space',
    async () => {
      const full = await mounted();
      const { world, inside, prefix, file } = full;
      const endpoints = await startEndpoints({
        names: ['a', 'b'],
        answer: ({ nth, id }) => (id === 'second' && nth === 1 ? 400 : 204),
      });
      world.hooks(endpoints.hooks);
      const ids = ['first', 'second', 'third'];
      for (const id of ids) {
        const fired = await world.run(['fire', 'load', file, '--id', id], { prefix });
        expect(fired, id).toMatchObject({ code: 0 });
      }
      fill(inside, 0);
      expect((await world.run(['fire', 'load', '-d', '1'], { prefix })).code).toBe(75);
      const drained = await world.run(['drain', '--wait', '10s'], { prefix, env });
      expect(drained.code, drained.stderr).toBe(0);
      const accepted = new Map(ids.map((id) => [id, payload]));
      expect(problemsOf({ spool: inside, accepted, received: endpoints.received })).toEqual([]);
      rmSync(`${inside}/tmp/filler`);
      expect((await world.run(['fire', 'load', '-d', '1'], { prefix })).code).toBe(0);
      expect((await world.run(['drain'], { prefix, env })).code).toBe(0);
      const [journal = ''] = readdirSync(`${inside}/journal`);
      const lines = readFileSync(`${inside}/journal/${journal}`, 'utf8').trimEnd().split('\n');
      for (const line of lines.slice(-2)) expect(JSON.parse(line)).toMatchObject({ what: 'delivered' });
    },
  );

  testWith({ commands: ['prlimit'] })(
    'fire that may not write such a large file exits 74, and queues nothing',
    async () => {
      const world = createWorld();
      world.file('payload', payload);
      await world.run(['init']);
      const fired = await world.run(['fire', 'load', 'payload'], {
        prefix: ['prlimit', '--fsize=8192', '--'],
      });
      expect(fired.code).toBe(74);
      expect(fired.stderr).toMatch(/^capnhook: Cannot queue the event: [^\n]*EFBIG[^\n]*\n {2}[^\n]*\n$/);
      expect([...world.names('incoming'), ...world.names('tmp')]).toEqual([]);
    },
  );
});

describe('capnhook whose fsync fails once', () => {
  const test = testWith({ commands: ['strace', 'flock'] });
  const ways: ReadonlyArray<readonly [way: string, args: readonly string[]]> = [
    ['an event', ['-d', '1']],
    ['an event with a chosen id', ['-d', '1', '--id', 'chosen']],
    ['a batch', ['--ndjson', 'lines', '--id', 'batch']],
  ];

  async function fireWith(
    world: World,
    args: readonly string[],
    nth: number,
  ): Promise<{ code: number | string; calls: Call[] }> {
    const trace = join(world.root, 'fire');
    if (existsSync(trace)) rmSync(trace);
    const inject = { call: 'fsync', when: String(nth), effect: 'error=EIO' };
    const prefix = strace({ trace, calls: spoolCalls, inject });
    const { code } = await world.run(['fire', 'load', ...args], { prefix, env });
    return { code, calls: readCalls(trace, world.spool) };
  }

  for (const [way, args] of ways) {
    test(`fire of ${way}: neither the file's nor the directory's is tried a second time`, async () => {
      const world = createWorld();
      world.file('lines', '1\n2');
      await world.run(['init']);
      const ofFile = await fireWith(world, args, 1);
      expect(ofFile.code).toBe(74);
      expect(callsTo(ofFile.calls, 'fsync').map(({ shape }) => shape)).toEqual(['fsync tmp/…']);
      expect([...callsTo(ofFile.calls, 'rename'), ...callsTo(ofFile.calls, 'link')]).toEqual([]);

      const ofDirectory = await fireWith(world, args, 2);
      expect(ofDirectory.code).toBe(74);
      expect(callsTo(ofDirectory.calls, 'fsync').map(({ shape }) => shape)).toEqual([
        'fsync tmp/…',
        'fsync incoming',
      ]);
      expect(ofDirectory.calls.at(-2)?.shape).toBe('unlink incoming/…');
      expect([...world.names('incoming'), ...world.names('tmp')]).toEqual([]);
      expect(await world.run(['fire', 'load', ...args])).toMatchObject({ code: 0 });
    });
  }

  test('fire of an event that waits under its id already exits 74 if that one cannot be made durable, and leaves it', async () => {
    const world = createWorld();
    const endpoints = await startEndpoints({ names: ['a'] });
    world.hooks(endpoints.hooks);
    const args = ['-d', '1', '--id', 'chosen'];
    expect((await world.run(['fire', 'load', ...args])).code).toBe(0);
    for (const nth of [2, 3]) expect((await fireWith(world, args, nth)).code).toBe(74);
    expect((await world.run(['drain'], { env })).code).toBe(0);
    expect(endpoints.received.a).toEqual(new Map([['chosen', ['1']]]));
  });
});

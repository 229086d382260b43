/**
 * The real command, whose system calls fail by strace: once, and from one on for
 * good. fire says no and queues nothing; drain loses nothing and does not spin.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { createWorld, type Ended, eachOf, type Running, until, type World } from '../support/world.js';
import { expectAgain } from './support/again.js';
import { type Endpoints, startEndpoints } from './support/endpoints.js';
import { type FilledSpool, fillSpool, rejectOnce, worldOf } from './support/filled-spool.js';
import { isLong, measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';
import {
  aimAt,
  type Call,
  fewThreads,
  type Injection,
  readCalls,
  sameNames,
  sample,
  spoolCalls,
  strace,
} from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace', 'flock'] });
const env = fewThreads;

/** Calls that are made to fail. */
const breakable = /^(openat|write|pwrite64|fsync|rename|link|mkdir)/;

const errnos = ['ENOSPC', 'EIO', 'EMFILE', 'EDQUOT'] as const;

interface Fault {
  errno: (typeof errnos)[number];
  /** The call that is hit, and together with it all of its name after it, or that one alone. */
  call: Call;
  forGood: boolean;
  /** The call in words. */
  name: string;
}

/** Each call fails with each errno: once, and together with all of its name after it. */
function faultsAt(calls: readonly Call[]): Fault[][] {
  return calls
    .filter(({ name }) => breakable.test(name))
    .map((call) =>
      [false, true].flatMap((forGood) =>
        errnos.map((errno) => {
          const name = `${errno} at ${call.shape} (${call.at?.nth ?? call.nth}${forGood ? ', for good' : ''})`;
          return { errno, call, forGood, name };
        }),
      ),
    );
}

/** So many faults of each call in the short measure, others at each call by turns; in the long one all. */
function someOf(faults: readonly Fault[][], count: number): Fault[] {
  if (isLong) return faults.flat();
  return faults.flatMap((each, call) =>
    Array.from({ length: count }, (_, n) => each[(call * 3 + n * 5) % each.length]).filter(
      (fault) => fault !== undefined,
    ),
  );
}

interface Faulted extends Ended {
  /** Those that concern the spool; where one is hit by its path, those alone that concern it. */
  calls: readonly Call[];
}

/** @param clean the calls of a run without faults */
async function runFaulted(
  world: World,
  args: readonly string[],
  { fault, clean }: { fault?: Fault; clean?: readonly Call[] } = {},
): Promise<Faulted> {
  const trace = join(world.root, 'faulted');
  rmSync(trace, { force: true });
  const inject = fault && injectionOf(world, fault, clean ?? []);
  const prefix = strace({ trace, calls: spoolCalls, inject });
  const ended = await world.run(args, { prefix, env: sameNames(world) });
  return { ...ended, calls: readCalls(trace, world.spool, args[0] === 'fire' ? newEvent : undefined) };
}

function injectionOf(world: World, { errno, call, forGood }: Fault, clean: readonly Call[]): Injection {
  const effect = `error=${errno}`;
  return aimAt(call, { effect, spool: world.spool, forGood: forGood ? clean : undefined });
}

/** Who drains: strace stands between it and us. */
function holderOf(world: World): number {
  return (JSON.parse(readFileSync(join(world.spool, 'lock'), 'utf8')) as { pid: number }).pid;
}

/** On a busy machine a command below strace takes so long, in ms, at most. */
const longestMs = 45_000;

/** The id of an event that is fired now tells the time. */
const newEvent = /^incoming\/evt_/;

/** Space comes back, and files get closed: those errors pass. A broken disk does not. */
function exitCodesFor(errno: string): number[] {
  return errno === 'EIO' ? [73, 74] : [75];
}

/** An event file or batch without what differs from one to the next. */
function withoutTime(text: string): string {
  return text.replace(/"id":"evt_[^"]*"/, '').replace(/"time":"[^"]*"/, '');
}

describe('capnhook fire whose system calls fail', () => {
  const lines = ['{"first":1}', '{"second":2}'];
  const ways: ReadonlyArray<readonly [way: string, args: readonly string[]]> = [
    ['an event', ['-d', '{"n": 1.0}']],
    ['an event with a chosen id', ['-d', '{"n": 2.0}', '--id', 'chosen']],
    ['a batch', ['--ndjson', 'lines', '--id', 'batch']],
  ];

  /** What is queued, and taken away. */
  function takeQueued(world: World): string[] {
    return world.names('incoming').map((name) => {
      const path = join(world.spool, 'incoming', name);
      const text = withoutTime(readFileSync(path, 'utf8'));
      rmSync(path);
      return text;
    });
  }

  function expectRefusal({ code, stderr }: Ended, fault: Fault): void {
    expect(exitCodesFor(fault.errno), fault.name).toContain(code);
    expect(stderr, fault.name).toMatch(/^capnhook: Cannot [^\n]*\n {2}[^\n]*\n$/);
    expect(stderr, fault.name).toContain(fault.errno);
  }

  for (const [way, args] of ways) {
    test(`${way}: exit 0 means it is in the spool and whole; else nothing is queued, and one clear line says why`, async () => {
      const world = createWorld();
      world.file('lines', lines.join('\n'));
      await world.run(['init']);
      const clean = await runFaulted(world, ['fire', 'load', ...args]);
      const whole = takeQueued(world);
      expect([clean.code, whole.length]).toEqual([0, 1]);

      let refused = 0;
      for (const fault of someOf(faultsAt(clean.calls), 3)) {
        const fired = await runFaulted(world, ['fire', 'load', ...args], { fault, clean: clean.calls });
        expect(
          fired.calls.some(({ injected }) => injected),
          fault.name,
        ).toBe(true);
        expect(takeQueued(world), fault.name).toEqual(fired.code === 0 ? whole : []);
        expect(world.names('tmp'), fault.name).toEqual([]);
        if (fired.code === 0) {
          expect(fault.call.name, fault.name).not.toBe('fsync');
          continue;
        }
        expectRefusal(fired, fault);
        refused += 1;
      }
      console.log(`fire of ${way}: refused with ${refused} faults`);
      expect(refused).toBeGreaterThan(10);
      expect(await world.run(['fire', 'load', ...args])).toMatchObject({ code: 0 });
    });
  }

  /** What fsync says of a write that it could not make; open files are not its concern. */
  const ofFsync = errnos.filter((errno) => errno !== 'EMFILE');
  for (const [nth, [way, args]] of ways.entries()) {
    test(`${way}: whatever an fsync says, once or for good, it is refused and nothing is queued`, async () => {
      const world = createWorld();
      world.file('lines', lines.join('\n'));
      await world.run(['init']);
      const { calls } = await runFaulted(world, ['fire', 'load', ...args]);
      takeQueued(world);
      const fsyncs = calls.filter(({ name }) => name === 'fsync');
      expect(fsyncs.map(({ shape }) => shape)).toEqual([
        'fsync tmp/…',
        'fsync incoming',
        // The file again, by the name that it was opened with where it was linked.
        expect.stringMatching(/^fsync (tmp|incoming)\/…$/),
      ]);
      const faults = fsyncs.flatMap((call) =>
        ofFsync.flatMap((errno) =>
          [false, true].map((forGood) => {
            return {
              errno,
              call,
              forGood,
              name: `${errno} at ${call.shape}, ${forGood ? 'for good' : 'once'}`,
            };
          }),
        ),
      );
      for (const [index, fault] of faults.entries()) {
        // In the short measure one way meets them all, and the others each a third of them.
        if (nth > 0 && index % measure(ways.length, 1) !== nth % measure(ways.length, 1)) continue;
        const fired = await runFaulted(world, ['fire', 'load', ...args], { fault, clean: calls });
        expect(
          fired.calls.some(({ injected }) => injected),
          fault.name,
        ).toBe(true);
        expect(takeQueued(world), fault.name).toEqual([]);
        expectRefusal(fired, fault);
      }
    });
  }

  test('the first one, which makes the spool: it is refused with one clear line, and the next one makes the spool', async () => {
    const clean = await runFaulted(createWorld(), ['fire', 'load', '-d', '1']);
    const faults = faultsAt(sample(clean.calls, measure(10, 1)));
    await eachOf(
      someOf(faults, 1),
      async (fault) => {
        const world = createWorld();
        const fired = await runFaulted(world, ['fire', 'load', '-d', '1'], { fault, clean: clean.calls });
        expect(
          fired.calls.some(({ injected }) => injected),
          fault.name,
        ).toBe(true);
        expect(takeQueued(world), fault.name).toHaveLength(fired.code === 0 ? 1 : 0);
        if (fired.code !== 0) expectRefusal(fired, fault);
        expect(await world.run(['fire', 'load', '-d', '1']), fault.name).toMatchObject({ code: 0 });
        expect(takeQueued(world)).toHaveLength(1);
      },
      2,
    );
  });
});

describe('capnhook drain whose system calls fail', () => {
  function expectWords({ code, stderr }: Ended, name: string): void {
    expect([0, 73, 74, 75, 143], `${name}: ${stderr}`).toContain(code);
    expect(stderr, name).not.toMatch(/bug|\n {4}at /);
  }

  /** Once nothing fails any more, all is delivered that was not, and nothing that was. */
  async function expectAllDelivered(
    world: World,
    endpoints: Endpoints,
    { filled, name, again = new Set() }: { filled: FilledSpool; name: string; again?: Set<string> },
  ): Promise<void> {
    const ended = await world.run(['drain', '--wait', '20s'], { env });
    expect(ended.code, `${name}: ${ended.stderr}`).toBe(0);
    const { accepted } = filled;
    const mayRepeat = (key: string): number => (again.has(key) ? 1 : 0);
    expect(
      problemsOf({ spool: world.spool, accepted, received: endpoints.received, mayRepeat }),
      name,
    ).toEqual([]);
    const { incoming, owed, dead, corrupt } = readLedger(world.spool);
    expect({ left: [...incoming, ...owed, ...dead], corrupt: corrupt.length }, name).toEqual({
      left: [],
      corrupt: 1,
    });
  }

  /** Where no file can be written, or opened, any more from some call on, what is answered may never be written down. */
  function forgets({ call, forGood }: Fault): boolean {
    return forGood && /^(pwrite64|openat) /.test(call.shape);
  }

  test('a pass: it ends with words, nothing is lost or sent twice, and the next one delivers all', async () => {
    const filled = await fillSpool();
    const first = await worldOf(filled, { answer: rejectOnce });
    const clean = await runFaulted(first.world, ['drain']);
    // What is in `retry/` has another name each time.
    const calls = clean.calls.filter(({ at }) => at !== undefined);
    const faults = someOf(faultsAt(sample(calls, measure(400, 4))), 1);
    let injected = 0;
    await eachOf(
      faults,
      async (fault) => {
        const { world, endpoints } = await worldOf(filled, { answer: rejectOnce });
        const drained = await runFaulted(world, ['drain'], { fault, clean: calls });
        if (drained.calls.some((call) => call.injected)) injected += 1;
        else console.log(`not met: ${fault.name}`);
        expectWords(drained, fault.name);
        // Where no room is left each call may be made again for each file of the ballast, which is made again at the end.
        const most = /ENOSPC|EDQUOT/.test(fault.name) ? 6 : 2;
        expect(drained.calls.length, fault.name).toBeLessThan(most * clean.calls.length);
        const again = forgets(fault) ? expectAgain(world, endpoints, fault.name) : new Set<string>();
        await expectAllDelivered(world, endpoints, { filled, name: fault.name, again });
        endpoints.close();
        rmSync(world.root, { recursive: true });
      },
      2,
    );
    console.log(
      `drain: ${injected} of ${faults.length} faults, of ${faultsAt(calls).flat().length} that are possible`,
    );
    expect(injected).toBeGreaterThan(faults.length * 0.9);
  });

  const seconds = measure(2, 20);
  /** How often a drain that stays may look in vain, each time at everything that waits. */
  const callsASecond = 400;
  const forGood: ReadonlyArray<readonly [shape: string, errno: Fault['errno']]> = [
    ['link incoming', 'ENOSPC'],
    ['mkdir queue', 'EDQUOT'],
    ['openat incoming', 'EMFILE'],
    ['openat queue', 'EIO'],
    ['fsync queue', 'ENOSPC'],
    ['fsync incoming', 'EIO'],
    ['rename tmp', 'ENOSPC'],
    ['openat journal', 'EDQUOT'],
  ];
  /** Drains until the fault is met, and for a while after it. */
  async function drainFaulted(world: World, fault: Fault, clean: readonly Call[]): Promise<Faulted> {
    const trace = join(world.root, 'faulted');
    const prefix = strace({ trace, calls: spoolCalls, inject: injectionOf(world, fault, clean) });
    const running = world.start(['drain', '--daemon'], { prefix, env: sameNames(world) });
    const calls = (): Call[] => readCalls(trace, world.spool);
    let isOver = false;
    void running.ended.then(() => {
      isOver = true;
    });
    const isMet = (): boolean => calls().some(({ injected }) => injected);
    await until(`${fault.name} is met`, () => isOver || isMet(), longestMs);
    expect(isMet(), fault.name).toBe(true);
    await Promise.race([running.ended, sleep(seconds * 1000)]);
    if (!isOver) process.kill(holderOf(world), 'SIGTERM');
    return { ...(await running.ended), calls: calls() };
  }

  test('drain --daemon while calls fail for good: it does not spin, nothing is lost or sent twice, and the next drain delivers all', async () => {
    const filled = await fillSpool();
    const first = await worldOf(filled, { answer: rejectOnce });
    const { calls } = await runFaulted(first.world, ['drain']);
    await eachOf(
      forGood,
      async ([shape, errno]) => {
        const call = calls.find((each) => each.shape.startsWith(shape));
        expect(call, shape).toBeDefined();
        const { world, endpoints } = await worldOf(filled, { answer: rejectOnce });
        const name = `${errno} from ${shape} on`;
        const fault = call && { errno, call, forGood: true, name };
        if (fault === undefined) return;
        const drained = await drainFaulted(world, fault, calls);
        expectWords(drained, name);
        expect(drained.calls.length, name).toBeLessThan(2 * calls.length + seconds * callsASecond);
        expect(endpoints.requests(), name).toBeLessThanOrEqual(61 + 3);
        await expectAllDelivered(world, endpoints, { filled, name });
      },
      4,
    );
  });
});

describe('capnhook drain --daemon when a call fails once while it takes an event in', () => {
  const passing: ReadonlyArray<readonly [shape: string, errno: string]> = [
    ['link incoming/… queue/…/…/…', 'ENOSPC'],
    ['fsync queue/…/…', 'ENOSPC'],
    ['fsync incoming', 'EDQUOT'],
  ];

  interface Daemon {
    world: World;
    endpoints: Endpoints;
    running: Running;
    /** The calls so far. */
    calls(): Call[];
    deliver(id: string): Promise<void>;
    stop(): Promise<Ended>;
  }

  async function startDaemon(fault?: { call: Call; errno: string }): Promise<Daemon> {
    const world = createWorld();
    const endpoints = await startEndpoints({ names: ['a', 'b'] });
    world.hooks(endpoints.hooks);
    await world.run(['init']);
    const trace = join(world.root, 'daemon');
    const { spool } = world;
    const inject = fault && aimAt(fault.call, { effect: `error=${fault.errno}`, spool });
    const running = world.start(['drain', '--daemon'], {
      prefix: strace({ trace, calls: spoolCalls, inject }),
      env: sameNames(world),
    });
    await running.says('started');
    const pid = holderOf(world);
    return {
      world,
      endpoints,
      running,
      calls: () => readCalls(trace, world.spool),
      async deliver(id) {
        // As one that is fired, but never with two names for a moment, as with a chosen id: then it would be copied.
        const temporary = join(world.spool, 'tmp', id);
        writeFileSync(temporary, `{"capnhook":1,"id":"${id}","hook":"load","payload":1}`);
        renameSync(temporary, join(world.spool, 'incoming', `${id}.json`));
        await until(
          `${id} is delivered`,
          () => ['a', 'b'].every((name) => endpoints.received[name]?.has(id)),
          longestMs,
        );
        await until(`${id} is done`, () => readLedger(world.spool).owed.size === 0, longestMs);
      },
      stop() {
        process.kill(pid, 'SIGTERM');
        return running.ended;
      },
    };
  }

  test(`${passing.map((each) => each.join(' ')).join(', ')}: the event is delivered all the same, by the same daemon, once`, async () => {
    const clean = await startDaemon();
    await clean.deliver('first');
    await sleep(300); // what is done late is done then
    const known = clean.calls().length;
    await clean.deliver('second');
    await clean.stop();
    const calls = clean.calls().slice(known);
    await eachOf(
      passing,
      async ([shape, errno]) => {
        const call = calls.find((each) => each.shape === shape);
        expect(call, shape).toBeDefined();
        const daemon = await startDaemon(call && { call, errno });
        await daemon.deliver('first');
        await sleep(300);
        await daemon.deliver('second');
        expect((await daemon.stop()).code).toBe(143);
        expect(
          daemon.calls().filter(({ injected }) => injected),
          shape,
        ).toHaveLength(1);
        expect(daemon.endpoints.requests(), `${errno} at ${shape}`).toBe(4);
      },
      2,
    );
  });
});

/**
 * capnhook drain, whose system calls fail by strace: once, and from one on for good. It loses nothing and does not
 * spin.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { createWorld, type Ended, eachOf, type Running, until, type World } from '../support/world.js';
import { expectAgain } from './support/again.js';
import { type Endpoints, startEndpoints } from './support/endpoints.js';
import { type FilledSpool, fillSpool, rejectOnce, worldOf } from './support/filled-spool.js';
import {
  type Fault,
  type Faulted,
  faultsAt,
  holderOf,
  injectionOf,
  longestMs,
  runFaulted,
  someOf,
} from './support/io-faults.js';
import { measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';
import {
  aimAt,
  type Call,
  fewThreads,
  readCalls,
  sameNames,
  sample,
  spoolCalls,
  strace,
} from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace', 'flock'] });
const env = fewThreads;

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

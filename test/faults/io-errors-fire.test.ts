/** capnhook fire, whose system calls fail by strace: it refuses and queues nothing. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createWorld, type Ended, eachOf, type World } from '../support/world.js';
import { errnos, type Fault, faultsAt, runFaulted, someOf } from './support/io-faults.js';
import { measure } from './support/measure.js';
import { sample } from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace', 'flock'] });

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

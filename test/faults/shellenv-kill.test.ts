/**
 * capnhook_fire, killed at its system calls: all of it as by a power cut of its own, and each program alone, as the
 * kernel does when memory is short. Exit 0 is an event that is whole; otherwise there is none in the spool, or one
 * that nobody was told of.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { parseEvent } from '../../src/event/record.js';
import { init } from '../../src/library/init.js';
import { runIn, type Shell, shells, testIn } from '../support/shells.js';
import { createWorld, until, type World } from '../support/world.js';
import { type Endpoints, startEndpoints } from './support/endpoints.js';
import { isLong, measure } from './support/measure.js';
import { problemsOf, readLedger } from './support/oracle.js';
import { callsIn, type ProgramFault, pathWithFault, traceOn, withKnownName } from './support/shell-calls.js';
import { testWith } from './support/test-with.js';

interface Place {
  world: World;
  endpoints: Endpoints;
}

async function createPlace(): Promise<Place> {
  const world = createWorld();
  const endpoints = await startEndpoints({ names: ['a'] });
  world.hooks(endpoints.hooks);
  await init({ spool: world.spool });
  return { world, endpoints };
}

/** The payloads of what is queued; what is torn is an error. */
function queuedPayloads(world: World): string[] {
  return world.names('incoming').map((name) => {
    const event = parseEvent(readFileSync(join(world.spool, 'incoming', name)));
    if (!event.ok) throw new Error(`${name}: ${event.reason}`);
    return event.payload.toString();
  });
}

/** Drains to a receiver that is well, and says what the oracle has to say. */
async function judge({ world, endpoints }: Place, accepted: ReadonlyMap<string, string>): Promise<string[]> {
  expect((await world.run(['drain', '--wait', '20s'])).code).toBe(0);
  const { incoming, owed, dead, corrupt } = readLedger(world.spool);
  expect([...incoming, ...owed, ...dead, ...corrupt]).toEqual([]);
  return problemsOf({ spool: world.spool, accepted, received: endpoints.received });
}

describe.each(shells)('capnhook_fire killed with all that it has started', (shell) => {
  const inShell = testIn(shell);
  const isThorough = shell.name === 'dash';

  inShell('at each system call: the event is delivered whole or not at all', async () => {
    const place = await createPlace();
    const { world, endpoints } = place;
    const all = await recordedCalls(world, shell);
    expect(all.length).toBeGreaterThan(12);
    const every = isThorough ? 1 : measure(7, 1);
    const points = all.flatMap((_, at) => (at % every === 0 ? [at + 1] : []));
    let hit = 0;
    for (const point of points) if ((await killAfter(world, shell, point)) === point) hit += 1;
    console.log(`${shell.name}: killed after ${hit} of ${all.length} calls: ${[...new Set(all)].join(', ')}`);
    expect(hit).toBeGreaterThan(points.length * 0.7);

    const waiting = queuedPayloads(world);
    expect(await judge(place, new Map())).toEqual([]);
    const delivered = [...(endpoints.received.a?.values() ?? [])].flat();
    expect(delivered.sort()).toEqual(waiting.sort());
    // Of those that were killed behind the link, and of no others.
    expect(waiting.length).toBeGreaterThanOrEqual(measure(1, 5));
    expect(waiting.length).toBeLessThan(points.length);
  });
});

/** Runs it once without a fault, and returns its calls that concern the spool. */
async function recordedCalls(world: World, shell: Shell): Promise<string[]> {
  const trace = join(world.root, 'recorded');
  const { SHELLENV, temporary } = withKnownName(world, 0);
  world.file('p.json', '"recorded"');
  const prefix = traceOn(pathsOf(world, temporary), trace);
  expect(await runIn(shell, world, 'capnhook_fire load p.json', { prefix, env: { SHELLENV } })).toMatchObject(
    { code: 0 },
  );
  return callsIn(trace);
}

function pathsOf({ spool }: World, temporary: string): string[] {
  return [temporary, `${spool}/incoming`, `${spool}/VERSION`];
}

/** Starts it, and kills it behind a call, of which each takes its time; returns how many it came to. */
async function killAfter(world: World, { command }: Shell, point: number): Promise<number> {
  const trace = join(world.root, `killed-${point}`);
  const { SHELLENV, temporary } = withKnownName(world, point);
  world.file('p.json', `"killed after ${point}"`);
  const slow = `inject=openat,write,copy_file_range,fsync,linkat,unlinkat:delay_exit=${measure(30, 60)}000`;
  const prefix = ['setsid', ...traceOn(pathsOf(world, temporary), trace, '-e', slow)];
  const [program, ...args] = command;
  const script = 'eval "$SHELLENV"; capnhook_fire load p.json';
  const running = world.launch(program, [...args, script], { prefix, env: { SHELLENV } });
  let over = false;
  running.ended.then(() => {
    over = true;
  });
  await until('it is there', () => over || callsIn(trace).length >= point);
  try {
    process.kill(-running.pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
  await running.ended;
  return callsIn(trace).length;
}

const before = 'kill -9 $$';
const after = '"$real" "$@"; kill -9 $$';
/** What becomes of the event when a program is killed: `no` is nothing, with an exit code that says so. Not only dash does some of them in the short measure. */
const killings: ReadonlyArray<ProgramFault & { name: string; comesTo: 'no' | 'yes'; inShort?: boolean }> = [
  { name: 'cat before it', program: 'cat', script: before, comesTo: 'no' },
  {
    name: 'cat in the middle',
    program: 'cat',
    script: '"$real" | head -c 4; kill -9 $$',
    inShort: true,
    comesTo: 'no',
  },
  { name: 'cat after it', program: 'cat', script: after, comesTo: 'no' },
  { name: 'the first sync before it', program: 'sync', nth: 1, script: before, comesTo: 'no' },
  { name: 'the first sync after it', program: 'sync', nth: 1, script: after, comesTo: 'no' },
  { name: 'ln before it', program: 'ln', nth: 1, script: before, comesTo: 'yes' },
  { name: 'ln after it', program: 'ln', nth: 1, script: after, inShort: true, comesTo: 'yes' },
  { name: 'ln each time', program: 'ln', script: before, comesTo: 'no' },
  { name: 'the second sync before it', program: 'sync', nth: 2, script: before, comesTo: 'no' },
  { name: 'the second sync after it', program: 'sync', nth: 2, script: after, inShort: true, comesTo: 'no' },
  { name: 'rm before it', program: 'rm', script: before, inShort: true, comesTo: 'yes' },
  { name: 'rm after it', program: 'rm', script: after, comesTo: 'yes' },
];
const killedDates: typeof killings = [
  { name: 'date before it', program: 'date', script: before, comesTo: 'no' },
  { name: 'date after it', program: 'date', script: after, comesTo: 'no' },
];

describe.each(shells)('capnhook_fire of which one program is killed', (shell) => {
  testIn(shell)('the event is queued whole and it says so, or it is not and it says so', async () => {
    const place = await createPlace();
    const { world } = place;
    const accepted = new Map<string, string>();
    const some = killings.filter(({ inShort }) => inShort || isLong);
    for (const fault of shell.name === 'dash' ? [...killedDates, ...killings] : some) {
      const payload = `"${fault.name}"`;
      world.file('p.json', payload);
      const known = new Set(world.names('incoming'));
      const env = { PATH: pathWithFault(world, fault) };
      const ended = await runIn(shell, world, 'capnhook_fire load p.json', { env });
      const names = world.names('incoming').filter((name) => !known.has(name));
      expect({ queued: names.length, ok: ended.code === 0 }, fault.name).toEqual({
        queued: fault.comesTo === 'yes' ? 1 : 0,
        ok: fault.comesTo === 'yes',
      });
      for (const name of names) accepted.set(name.replace('.json', ''), payload);
      if (ended.code !== 0) {
        expect([74, 75], fault.name).toContain(ended.code);
        expect(ended.stderr, fault.name).toMatch(/^capnhook: Cannot queue the event: [^\n]*\n {2}[^\n]*\n$/);
        expect(world.names('tmp'), fault.name).toEqual([]);
      }
    }
    expect(await judge(place, accepted)).toEqual([]);
  });
});

const testTraced = testWith({ commands: ['strace', 'dash'] });

describe('capnhook_fire whose own shell is killed', () => {
  testTraced('nothing is queued, and the caller is told', async () => {
    const { world } = await createPlace();
    const [dash] = shells as [Shell];
    const calls = [
      ['openat', 3],
      ['write', 2],
    ] as const;
    let number = 0;
    for (const [call, count] of calls) {
      for (let nth = 1; nth <= count; nth += 1) {
        number += 1;
        const { SHELLENV, temporary } = withKnownName(world, number);
        const inject = `inject=${call}:signal=KILL:when=${nth}`;
        const prefix = [
          'strace',
          '-f',
          '-b',
          'execve',
          '-qq',
          '-o',
          '/dev/null',
          '-P',
          temporary,
          '-e',
          `trace=${call}`,
          '-e',
          inject,
        ];
        world.file('p.json', '1');
        const ended = await runIn(dash, world, 'capnhook_fire load p.json', { prefix, env: { SHELLENV } });
        expect(ended, `${call} ${nth}`).toMatchObject({ code: 75, stdout: '' });
        expect(ended.stderr, `${call} ${nth}`).toMatch(
          /^(Killed\n)?capnhook: Cannot queue the event: it was cut short \(spool .*\)\n {2}Try again\.\n$/,
        );
        expect(world.names('incoming')).toEqual([]);
      }
    }
    // What it was writing is left in tmp/, and swept by a drain in a day or two.
    expect(readdirSync(join(world.spool, 'tmp'))).toHaveLength(number - 1);
  });
});

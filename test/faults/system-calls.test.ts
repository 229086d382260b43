/** The calls that docs/spool-format.md shows for each change of state, held against those that strace(1) sees. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { pageAt } from '../docs/markdown.js';
import { createWorld, type World } from '../support/world.js';
import { readCalls, sameNames, strace } from './support/strace.js';
import { testWith } from './support/test-with.js';

const test = testWith({ commands: ['strace', 'flock'] });

/** Opening a file, setting its mode and what fails change no state that the page tells of. */
const told = /^(write|fsync|rename|link|unlink|mkdir|rmdir) /;

/** Evidence and bookkeeping, which the page leaves out. */
const leftOut = ['lock', 'journal', 'answers', 'last-drain.json', 'tmp/… unclaimed/… '];

/** The rows of the section "The calls, one by one": what happens, and its calls. */
function shownCalls(): Map<string, string[]> {
  const { text } = pageAt('docs/spool-format.md');
  const section = text.split('\n### The calls, one by one\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| (.+?) \| (`.+`) \|$/gm)];
  return new Map(
    rows.map(([, what = '', calls = '']) => [
      what,
      [...calls.matchAll(/`([^`]+)`/g)].map(([, call = '']) => call),
    ]),
  );
}

/** The calls that a command makes, in order, in the page's notation. */
async function callsOf(world: World, args: readonly string[]): Promise<string[]> {
  const trace = `${world.root}/traced`;
  await world.run(args, { prefix: strace({ trace }), env: sameNames(world) });
  return readCalls(trace, world.spool)
    .filter(({ errno, shape }) => errno === undefined && told.test(shape))
    .map(({ shape }) => shape);
}

/** Without the files of these rooms: neither what is written there, nor the temporary file that becomes it. */
function without(calls: readonly string[], rooms: readonly string[]): string[] {
  const isOf = (call: string): boolean => rooms.some((room) => `${call} `.includes(` ${room}`));
  return calls.filter((call, at) => {
    const next = calls[at + 1] ?? '';
    const becomes = call === 'write tmp/…' && next.startsWith('rename tmp/… ') && isOf(next);
    return !becomes && !isOf(call);
  });
}

/** A drained world with a receiver for each kind of answer. */
async function createReceivers(): Promise<World> {
  const world = createWorld();
  const well = await world.receiver();
  const failing = await world.receiver(() => ({ status: 503 }));
  const rejecting = await world.receiver(() => ({ status: 400 }));
  const refusing = await world.receiver(() => ({
    status: 400,
    headers: { 'webhook-delivery': 'abort-message' },
  }));
  const hooks = {
    one: [well.url],
    two: [`${well.url}/a`, `${well.url}/b`],
    failing: [failing.url],
    parked: [`${failing.url}/parked`],
    rejecting: [rejecting.url],
    refusing: [refusing.url],
  };
  world.hooks(JSON.stringify({ hooks }));
  for (const hook of ['one', 'parked']) await world.run(['fire', hook, '-d', '1']);
  await world.run(['drain']);
  return world;
}

const health = 'endpoints';

/** How each row comes about; `fires` is the hook that is fired before a drain is traced. */
const cases: ReadonlyArray<{
  row: string;
  args?: readonly string[];
  fires?: string;
  rooms?: readonly string[];
}> = [
  { row: 'fire', args: ['fire', 'one', '-d', '1'] },
  { row: 'fire with an id', args: ['fire', 'one', '-d', '1', '--id', 'mine'] },
  { row: 'one endpoint; delivered', fires: 'one' },
  { row: 'two endpoints; delivered', fires: 'two' },
  { row: 'the endpoint failed; queued', fires: 'failing', rooms: leftOut },
  { row: 'one endpoint, which is parked; queued', fires: 'parked' },
  { row: 'the delivery failed alone', fires: 'rejecting' },
  { row: 'given up', fires: 'refusing' },
  { row: 'no endpoint is registered', fires: 'nobody' },
  { row: 'corrupt' },
];

describe('docs/spool-format.md', () => {
  const shown = shownCalls();

  test('shows the calls of each of these cases, and of no other', () => {
    expect([...shown.keys()]).toEqual(cases.map(({ row }) => row));
  });

  for (const { row, args = ['drain'], fires, rooms = [...leftOut, health] } of cases) {
    test(`shows the calls that strace sees: ${row}`, async () => {
      const world = await createReceivers();
      if (fires !== undefined) await world.run(['fire', fires, '-d', '1']);
      else if (args[0] === 'drain') writeFileSync(join(world.spool, 'incoming/x.json'), 'not JSON');
      const calls = without(await callsOf(world, args), rooms);
      expect(calls).toEqual(shown.get(row));
    });
  }
});

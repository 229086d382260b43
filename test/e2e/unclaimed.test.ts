/** Events that nobody is registered for: they are kept, reported once, sent when somebody registers, and removed late. */
import { mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { retryUnclaimed } from '../../src/library/retry-unclaimed.js';
import { createWorld, type World } from '../support/world.js';

const typo = 'nobody is registered for complte (did you mean complete?)';

/** The names of the events in `unclaimed/`. */
function unclaimed(world: World): string[] {
  return world.names('unclaimed').filter((name) => !name.startsWith('.') && !name.endsWith('.why.json'));
}

/** As if all that is unclaimed had been there for so many days. */
function age(world: World, days: number): void {
  const at = Date.now() / 1000 - days * 86_400;
  for (const name of world.names('unclaimed')) utimesSync(join(world.spool, 'unclaimed', name), at, at);
}

describe('an event that nobody is registered for', () => {
  test('capnhook drain keeps it with its reason, reports its hook once, and exits 0', async () => {
    const world = createWorld();
    world.hooks('hooks: {complete: ["http://127.0.0.1:9/in"]}\n');
    for (const id of ['a', 'b']) await world.run(['fire', 'complte', '--id', id, '-d', `{"is":"${id}"}`]);
    const first = await world.run(['drain', '--json', '-q']);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ unclaimed: 2, owed: 0, waiting: 0 });
    expect(first.stderr).toBe(`capnhook: ${typo}: 2 events kept in unclaimed/ for 30d\n`);
    expect(unclaimed(world)).toEqual(['a.json', 'b.json']);
    const read = (name: string) => readFileSync(join(world.spool, 'unclaimed', name), 'utf8');
    expect(read('a.json')).toContain('"payload":{"is":"a"}\n');
    expect(JSON.parse(read('a.why.json'))).toMatchObject({
      reason: 'unclaimed',
      message: 'nobody is registered for complte',
      hook: 'complte',
    });
    await world.run(['fire', 'complte', '-d', '3']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    expect(unclaimed(world)).toHaveLength(3);
  });

  test('retryUnclaimed() lets the next drain send it, and one of another hook stays', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks('hooks: {}\n');
    await world.run(['fire', 'late', '--id', 'one', '-d', '1']);
    await world.run(['fire', 'late', '--id', 'more', '--ndjson', '-'], { input: '2\n3\n' });
    await world.run(['fire', 'other', '--id', 'other', '-d', '4']);
    await world.run(['drain']);
    expect(unclaimed(world)).toEqual(['more.jsonl', 'one.json', 'other.json']);
    await world.run(['register', 'late', receiver.url]);
    expect(await retryUnclaimed({ hook: 'late', spool: world.spool })).toEqual({ events: 3 });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString()).sort()).toEqual(['1', '2', '3']);
    expect(unclaimed(world)).toEqual(['other.json']);
    expect(world.names('unclaimed').filter((name) => name.endsWith('.why.json'))).toEqual(['other.why.json']);
  });

  test('a daemon takes in what retryUnclaimed() puts back', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks('hooks: {}\n');
    await world.run(['fire', 'late', '-d', '1']);
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('nobody is registered for late');
    await world.run(['register', 'late', receiver.url]);
    await retryUnclaimed({ spool: world.spool });
    await receiver.waitFor(1);
    daemon.kill('SIGTERM');
    await daemon.ended;
    expect(unclaimed(world)).toEqual([]);
  });

  test('capnhook drain removes it when it was kept for long enough, and says so', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    await world.run(['fire', 'old', '--id', 'old', '-d', '1']);
    await world.run(['drain']);
    age(world, 29);
    expect(await world.run(['drain'])).toMatchObject({ code: 0, stderr: '' });
    expect(unclaimed(world)).toEqual(['old.json']);
    age(world, 31);
    expect(await world.run(['drain'])).toMatchObject({
      code: 0,
      stderr: 'capnhook: removed 1 event from unclaimed/: nobody was registered within 30d\n',
    });
    expect(unclaimed(world)).toEqual([]);
    const [day = ''] = world.names('journal');
    const journal = readFileSync(join(world.spool, 'journal', day), 'utf8');
    expect(journal).toContain('"what":"expired","event":"old","hook":"old"');
  });

  test('capnhook drain does not trust an age of decades', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    await world.run(['fire', 'old', '--id', 'old', '-d', '1']);
    await world.run(['drain']);
    age(world, 20_000);
    await world.run(['drain']);
    await world.run(['drain']);
    expect(unclaimed(world)).toEqual(['old.json']);
  });

  test('capnhook drain drops it, as it did, where the hooks file says so', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\ndefaults: {unclaimed: drop}\n');
    await world.run(['fire', 'none', '-d', '1']);
    const drained = await world.run(['drain', '--json']);
    expect(drained).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(drained.stdout)).toMatchObject({ unclaimed: 1 });
    expect([...world.names('incoming'), ...world.names('unclaimed')]).toEqual([]);
  });

  test.each(['{}', 'hooks:', 'endpoints: {a: https://a.example}', 'defaults: {timeout: 1s}'])(
    'capnhook drain refuses a hooks file without hooks, and takes nothing in: %s',
    async (text) => {
      const world = createWorld();
      world.hooks(`${text}\n`);
      await world.run(['fire', 'complete', '-d', '1']);
      const drained = await world.run(['drain']);
      expect(drained.code).toBe(78);
      expect(drained.stderr).toContain("there is nothing under 'hooks'");
      expect(world.names('incoming')).toHaveLength(1);
    },
  );

  test('capnhook drain puts an event with an empty list of URLs into corrupt/', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    mkdirSync(dirname(world.spool), { recursive: true });
    await world.run(['init']);
    const path = world.file('to.json', '{"to":[],"payload":1}');
    await world.exec('mv', [path, join(world.spool, 'incoming/to.json')]);
    utimesSync(join(world.spool, 'incoming/to.json'), 1, 1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const drained = await world.run(['drain']);
    expect(drained.stderr).toContain('the list "to" is empty');
    expect(world.names('corrupt')).toEqual(['to.json', 'to.json.why']);
  });
});

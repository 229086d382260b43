/** capnhook replay: what was delivered and kept is sent again, beside a daemon, where nobody drains, and after a kill. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/library/replay.js';
import { createWorld, until, type World } from '../support/world.js';

/** A world with two endpoints, of which `chat` keeps what it got, and three events that both got. */
async function delivered() {
  const world = createWorld();
  const receiver = await world.receiver(() => ({ status: 204 }));
  const hooks = (chat: string) =>
    world.hooks(
      `hooks: {load: [${chat}other], "build.*": [${chat}other]}\nendpoints:\n  chat: {url: "${receiver.url}/chat", sent: {keep: 1d}}\n  other: "${receiver.url}/other"\n`,
    );
  hooks('chat, ');
  for (const [hook, id] of [
    ['load', 'e1'],
    ['build.failed', 'e2'],
    ['load', 'e3'],
  ])
    await world.run(['fire', hook!, '-d', '1', '--id', id!]);
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  receiver.requests.splice(0);
  /** What was sent since, as `<path> <id>`. */
  const sent = () =>
    receiver.requests.map(({ path, headers }) => `${path} ${String(headers['webhook-id'])}`).sort();
  return { world, receiver, hooks, sent };
}

const kept = (world: World) => world.names('sent').filter((name) => name !== 'sizes.json').length;

describe('capnhook replay', () => {
  test('sends again to the endpoint that got it, with the same id, and says so', async () => {
    const { world, sent } = await delivered();
    const dry = await world.run(['replay', '--since', '1h', '--hook', 'load', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, stdout: '' });
    expect(dry.stderr).toBe('capnhook: 2 deliveries for chat would be queued again; nothing was changed\n');
    const told = await world.run(['replay', '--since', '1h', '--hook', 'load']);
    expect(told).toMatchObject({ code: 0, stdout: '' });
    expect(told.stderr).toContain(
      'capnhook: 2 deliveries for chat queued again; nobody drains: capnhook drain sends them',
    );
    expect(sent()).toEqual([]);
    await world.run(['drain']);
    expect(sent()).toEqual(['/chat e1', '/chat e3']);
    const [day] = world.names('journal');
    const journal = readFileSync(`${world.spool}/journal/${day}`, 'utf8');
    expect(journal.match(/"what":"replayed"/g)).toHaveLength(2);
  });

  test('by ids, or by their beginnings', async () => {
    const { world, sent } = await delivered();
    expect(await world.run(['replay', 'e2'])).toMatchObject({ code: 0 });
    expect(await world.run(['replay', 'e'])).toMatchObject({ code: 66 });
    expect(await world.run(['replay', 'e7'])).toMatchObject({ code: 66 });
    await world.run(['drain']);
    expect(sent()).toEqual(['/chat e2']);
  });

  test('is obeyed by a daemon, which keeps what it has sent again', async () => {
    const { world, sent } = await delivered();
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('started');
    expect(await world.run(['replay', '--all'])).toMatchObject({ code: 0 });
    await until('all are sent again', () => sent().length === 3);
    await daemon.says('3 deliveries for chat queued again');
    daemon.kill('SIGTERM');
    await daemon.ended;
    expect(kept(world)).toBe(1);
    const found = await replay({ all: true, dryRun: true, spool: world.spool, config: world.config });
    expect(found).toMatchObject({ count: 3, states: { sent: 3 }, endpoints: ['chat'] });
  });

  test('that is repeated with the time of the first one sends nothing a third time', async () => {
    const { world, sent } = await delivered();
    const options = { since: Date.now() - 3_600_000, spool: world.spool, config: world.config };
    const { before, count } = await replay(options);
    expect(count).toBe(3);
    await world.run(['drain']);
    expect(await replay({ ...options, before })).toMatchObject({ count: 0 });
    await world.run(['drain']);
    expect(sent()).toEqual(['/chat e1', '/chat e2', '/chat e3']);
  });

  test('leaves what is not registered any more', async () => {
    const { world, sent, hooks } = await delivered();
    hooks('');
    await world.run(['replay', '--all']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(sent()).toEqual([]);
    expect(kept(world)).toBe(1);
  });

  test('with a rate leaves the others for later', async () => {
    const { world, sent } = await delivered();
    await world.run(['replay', '--all', '--rate', '2/h']);
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    expect(sent()).toHaveLength(1);
    expect(world.names('retry/chat')).toHaveLength(2);
  });

  test.each([
    [['replay'], 'nothing is selected'],
    [['replay', '--all', '--rate', 'fast'], '"fast" is not a rate'],
    [['replay', '--since', 'long ago'], '--since needs a time or a duration'],
  ])('%j is a mistake, and changes nothing', async (argv, words) => {
    const { world } = await delivered();
    const ran = await world.run(argv);
    expect(ran).toMatchObject({ code: 64, stdout: '' });
    expect(ran.stderr).toContain(words);
    expect(world.names('retry')).toEqual([]);
  });

  test('says what is to be done where nothing is kept', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    await world.run(['init']);
    const ran = await world.run(['replay', '--all']);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain('nothing to replay');
  });
});

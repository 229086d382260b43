import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld, until, type World } from '../support/world.js';

const defaults = 'defaults: {retry: {schedule: [1h], jitter: 0}}\n';

/** Three events of `one` and one of `two` are queued for an endpoint that fails. */
async function queued(hooks = 'one: [chat], two: [chat]'): Promise<{ world: World; url: string }> {
  const world = createWorld();
  const { url } = await world.receiver(() => ({ status: 503 }));
  world.hooks(`hooks: {${hooks}}\nendpoints: {chat: "${url}/x"}\n${defaults}`);
  for (const id of ['e1', 'e2', 'e3']) await world.run(['fire', 'one', '-d', '1', '--id', id]);
  await world.run(['fire', 'two', '-d', '1', '--id', 'e4']);
  expect(await world.run(['drain'])).toMatchObject({ code: 75 });
  return { world, url: `${url}/x` };
}

const dead = (world: World): string[] =>
  world.names('dead/chat').filter((name) => !name.endsWith('.why.json'));

describe('capnhook deregister', () => {
  test('deregister --dry-run changes nothing; --keep leaves what is queued on hold; then all moves to dead/', async () => {
    const { world, url } = await queued();
    const before = readFileSync(world.config, 'utf8');
    const dry = await world.run(['deregister', url, '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout)).toEqual({
      version: 1,
      removedFrom: ['one', 'two'],
      moved: 4,
      queued: 0,
      dryRun: true,
    });
    expect(readFileSync(world.config, 'utf8')).toBe(before);
    expect(dead(world)).toEqual([]);

    const kept = await world.run(['deregister', url, '--keep', '--json']);
    expect(JSON.parse(kept.stdout)).toEqual({ version: 1, removedFrom: ['one', 'two'], moved: 0, queued: 4 });
    const held = await world.run(['drain', '--json']);
    expect(JSON.parse(held.stdout)).toMatchObject({ owed: 4, onHold: 4, gaveUp: 0 });
    // Again, as after a crash between the two steps, or where only a line was deleted.
    const again = await world.run(['deregister', url]);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toBe('capnhook: it was not registered; 4 deliveries moved to dead/\n');
    expect(dead(world)).toEqual(['e1.json', 'e2.json', 'e3.json', 'e4.json']);
    expect(JSON.parse(readFileSync(join(world.spool, 'dead/chat/e1.why.json'), 'utf8'))).toMatchObject({
      reason: 'deregistered',
    });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(await world.run(['deregister', url])).toMatchObject({
      code: 0,
      stderr: 'capnhook: it was not registered\n',
    });
  });

  test('deregister HOOK ENDPOINT, in either order, moves the deliveries of that hook alone', async () => {
    const { world } = await queued();
    const ran = await world.run(['deregister', 'chat', 'two']);
    expect(ran.stderr).toBe(
      'capnhook: deregistered from two; 1 delivery moved to dead/; 3 deliveries still queued for it\n',
    );
    expect(dead(world)).toEqual(['e4.json']);
    expect((await world.run(['deregister', 'one', 'chat'])).stderr).toContain('3 deliveries moved to dead/');
    expect(await world.run(['deregister', 'one', 'chat', '--hook', 'two'])).toMatchObject({ code: 64 });
  });

  test('deregister beside a daemon is obeyed by it, and what the event itself names goes on', async () => {
    const { world, url } = await queued();
    await world.run(['fire', '--to', url, '-d', '1', '--id', 'named']);
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('started');
    const ran = await world.run(['deregister', url]);
    expect(ran.stderr).toBe(
      'capnhook: deregistered from one, two; 4 deliveries moved to dead/; 1 delivery still queued for it\n',
    );
    expect(ran.code).toBe(0);
    expect(dead(world)).toEqual(['e1.json', 'e2.json', 'e3.json', 'e4.json']);
    expect(world.names('control')).toEqual([]);
    await daemon.says('was deregistered: 4 deliveries moved to dead/');
    // Garbage is put aside, and what a newer version may have asked for is left.
    writeFileSync(join(world.spool, 'control/x.json'), '{"dance": true}');
    writeFileSync(join(world.spool, 'control/y.json'), '{"request": "dance"}');
    await daemon.says('cannot obey y.json in control/: this version cannot dance; left for a newer capnhook');
    await until('it is put aside', () => world.names('corrupt').includes('x.json'));
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toMatchObject({ code: 143 });
  });

  test('a daemon obeys it only when it has read the hooks file that was changed in its place', async () => {
    const { world } = await queued();
    const daemon = world.start(['drain', '--daemon']);
    await daemon.says('started');
    const [id = ''] = world.names('queue');
    // As deregister does it in a container whose hooks file is a mount of its own.
    world.hooksInPlace('hooks: {}\n');
    const request = { capnhook: 1, request: 'deregister', endpoints: [id] };
    writeFileSync(join(world.spool, 'control/x.json'), JSON.stringify(request));
    await until('it is obeyed', () => world.names('control').length === 0);
    expect(dead(world)).toEqual(['e1.json', 'e2.json', 'e3.json', 'e4.json']);
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toMatchObject({ code: 143 });
  });

  test('deregister with another hooks file leaves the spool alone, and says so', async () => {
    const { world, url } = await queued();
    const other = world.file('other.yaml', `hooks: {one: "${url}"}\n`);
    const ran = await world.run(['deregister', url, '--config', other]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain(world.config);
    expect(dead(world)).toEqual([]);
  });
});

describe('capnhook deregister of what is not registered exits 0, and says what was probably meant', () => {
  const ofUrl = (id: string): string => `capnhook: it was not registered (did you mean ${id}?)\n`;

  async function said(args: readonly string[]): Promise<string> {
    const world = createWorld();
    world.hooks(`
hooks:
  complete: [https://panda.dog.com/run, chat]
  build.failed: [chat]
endpoints: {chat: "https://chat.example/services/T0/B0/xyz"}
`);
    const ran = await world.run(['deregister', ...args]);
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    return ran.stderr;
  }

  test.each([
    ['a slash more', 'https://panda.dog.com/run/'],
    ['another scheme', 'http://panda.dog.com/run'],
    ['another case', 'https://panda.dog.com/Run'],
    ['no scheme', 'panda.dog.com/run'],
    ['a letter too few', 'https://panda.dog.com/rn'],
    ['a host that is mistyped', 'https://padna.dog.com/run'],
    ['a query more', 'https://panda.dog.com/run?x=1'],
    ['an id that is mistyped', 'panda.dog.com~9df659c077e0'],
  ])('a URL with %s', async (_, target) => {
    expect(await said([target])).toBe(ofUrl('https://panda.dog.com (panda.dog.com~9df659c077e9)'));
  });

  test('an endpoint, a hook, and both of them', async () => {
    const chat = 'https://chat.example (chat)';
    expect(await said(['chta'])).toBe(ofUrl(chat));
    expect(await said(['complte', 'https://panda.dog.com/run'])).toBe(
      'capnhook: it was not registered for complte (did you mean complete?)\n',
    );
    expect(await said(['https://chat.example/services/T0/B0/xyz', 'build.faild'])).toBe(
      'capnhook: it was not registered for build.faild (did you mean build.failed?)\n',
    );
    expect(await said(['complte', 'chta'])).toBe(
      `capnhook: it was not registered for complte (did you mean complete and ${chat}?)\n`,
    );
    expect(await said(['chta', 'complete'])).toBe(
      `capnhook: it was not registered for complete (did you mean ${chat}?)\n`,
    );
    expect(await said(['build.failed', 'https://panda.dog.com/run'])).toBe(
      'capnhook: it was not registered for build.failed; it is registered for complete\n',
    );
    expect(await said(['complete'])).toContain('that is a hook; give a URL');
  });

  test('another endpoint is not suggested', async () => {
    for (const target of ['https://panda.dog.com/walk', 'https://other.example/run', 'a', 'x~9df659c077e9'])
      expect(await said([target])).toBe('capnhook: it was not registered\n');
  });

  test('with --json, without whole URLs', async () => {
    const world = createWorld();
    world.hooks('hooks: {complete: "https://panda.dog.com/run"}\n');
    const ran = await world.run(['deregister', 'complte', 'https://panda.dog.com/run/', '--json']);
    expect(JSON.parse(ran.stdout)).toEqual({
      version: 1,
      removedFrom: [],
      moved: 0,
      queued: 0,
      didYouMean: {
        endpoint: { id: 'panda.dog.com~9df659c077e9', scheme: 'https', host: 'panda.dog.com' },
        hook: 'complete',
      },
    });
  });

  test('an endpoint that is not registered any more, and still owed something', async () => {
    const { world } = await queued();
    world.hooks('hooks: {}\n');
    expect((await world.run(['deregister', 'caht'])).stderr).toBe(ofUrl('chat'));
  });
});

describe('capnhook flush and targets', () => {
  test('an unknown hook exits 66 with a suggestion', async () => {
    const { world } = await queued();
    for (const args of [
      ['flush', '--yes', '--hook', 'ones'],
      ['targets', 'ones'],
    ]) {
      const ran = await world.run(args);
      expect(ran).toMatchObject({ code: 66, stdout: '' });
      expect(ran.stderr).toContain('Did you mean one?');
    }
    expect((await world.run(['targets', 'chat'])).stderr).toContain('chat is an endpoint');
  });

  test('flush says how many, of what and where, and moves them to dead/', async () => {
    const { world } = await queued();
    await world.run(['fire', 'one', '-d', '1', '--id', 'late']);
    const refused = await world.run(['flush']);
    expect(refused.code).toBe(64);
    for (const words of ['4 queued deliveries', '1 event', '4 of one', world.spool])
      expect(refused.stderr).toContain(words);
    const ran = await world.run(['flush', '--yes', '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ count: 5, states: { incoming: 1, queued: 4 } });
    expect(dead(world)).toHaveLength(4);
    expect(world.names('dead/+incoming')).toEqual(['late.json', 'late.why.json']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  });

  test('a pass of drain obeys 100 requests one after another, without a pause between them', async () => {
    const { world } = await queued();
    mkdirSync(join(world.spool, 'control'), { recursive: true });
    for (let n = 0; n < 100; n += 1) {
      const request = { capnhook: 1, request: 'deregister', endpoints: [`gone.example~${n}`] };
      writeFileSync(join(world.spool, `control/r${n}.json`), JSON.stringify(request));
    }
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    expect(world.names('control')).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld, gate, repository, type World } from '../support/world.js';

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };

/** What makes a receiver that fails be tried again soon. */
const soon = 'retry: {schedule: [1ms], jitter: 0}';

describe('the main job', () => {
  test('capnhook register, fire and drain: the receiver gets the bytes and the headers', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    const payload = '{"version":1,"id":1234,"name":"Jed","status":"OK"}\n';
    const file = world.file('payload.json', payload);

    const registered = await world.run(['register', 'complete', `${receiver.url}/run?x=1`]);
    expect(registered).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await world.run(['fire', 'complete', file])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(world.names('incoming')).toHaveLength(1);
    expect(receiver.requests).toHaveLength(0);
    expect(await world.run(['drain'])).toEqual({ code: 0, stdout: '', stderr: '' });

    const [request] = receiver.requests;
    expect(receiver.requests).toHaveLength(1);
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe('/run?x=1');
    expect(request?.body.toString()).toBe(payload.trimEnd());
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': `${payload.length - 1}`,
      'user-agent': `capnhook/${version}`,
      'webhook-id': expect.stringMatching(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/),
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'capnhook-hook': 'complete',
      'capnhook-attempt': '1',
    });
    expect(request?.headers['webhook-signature']).toBeUndefined();
    expect(world.names('incoming')).toEqual([]);
    expect(world.names('queue')).toEqual([]);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(1);
  });

  test('capnhook fire --to sends to the URLs alone, whoever is registered', async () => {
    const world = createWorld();
    const [registered, named, other] = [
      await world.receiver(),
      await world.receiver(),
      await world.receiver(),
    ];
    await world.run(['register', '**', registered.url]);
    const urls = `${named.url}/a\n\n# a comment\n${other.url}/b\n`;

    expect(await world.run(['fire', '--to', '-', 'complete', '-d', '[1]'], { input: urls })).toMatchObject({
      code: 0,
    });
    expect(await world.run(['fire', '--to', `${named.url}/c`, '-d', '[2]'])).toMatchObject({ code: 0 });
    expect(await world.run(['fire', `${named.url}/d`, '-d', '[3]'])).toMatchObject({ code: 0 });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });

    const got = named.requests.map(({ path, body, headers }) => [
      path,
      body.toString(),
      headers['capnhook-hook'],
    ]);
    expect(got.sort()).toEqual([
      ['/a', '[1]', 'complete'],
      ['/c', '[2]', undefined],
      ['/d', '[3]', undefined],
    ]);
    expect(other.requests.map(({ path }) => path)).toEqual(['/b']);
    expect(registered.requests).toEqual([]);
  });

  test('capnhook fire reaches an endpoint once however many patterns match, with its own headers', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    world.hooks(`
hooks:
  build.failed: [chat]
  build.*: [chat, audit]
  "**": [audit]
endpoints:
  chat: {url: "${receiver.url}/chat", headers: {X-Env: prod}}
  audit: {url: "${receiver.url}/audit"}
`);
    await world.run(['fire', 'build.failed', '-d', '1']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });

    expect(receiver.requests.map(({ path }) => path).sort()).toEqual(['/audit', '/chat']);
    expect(receiver.requests.find(({ path }) => path === '/chat')?.headers['x-env']).toBe('prod');
  });

  test('capnhook fire --ndjson is one batch, whose events have the numbered ids', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);

    const fired = await world.run(['fire', 'complete', '--ndjson', '-', '--id', 'b1', '--json'], {
      input: '{"n":1}\n\n{"n":2}',
    });
    expect(fired).toMatchObject({ code: 0, stdout: '{"version":1,"id":"b1","events":2}\n' });
    expect(world.names('incoming')).toEqual(['b1.jsonl']);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    const got = receiver.requests.map(({ headers, body }) => [headers['webhook-id'], body.toString()]);
    expect(got.sort()).toEqual([
      ['b1_1', '{"n":1}'],
      ['b1_2', '{"n":2}'],
    ]);
  });

  test('capnhook fire queues where nobody is registered, and drain is done with it', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    expect(await world.run(['fire', 'complete', '-d', '1'])).toMatchObject({ code: 0 });
    const drained = await world.run(['drain', '--json']);
    expect(drained.code).toBe(0);
    expect(JSON.parse(drained.stdout)).toMatchObject({ unclaimed: 1, owed: 0, waiting: 0 });
    expect(world.names('incoming')).toEqual([]);
  });

  test('capnhook flush drops what is queued only with --yes where nobody can be asked', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', '**', receiver.url]);
    await world.run(['fire', 'complete', '-d', '1']);
    await world.run(['fire', 'other', '-d', '2']);

    const refused = await world.run(['flush']);
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain('--yes');
    expect(world.names('incoming')).toHaveLength(2);
    expect(await world.run(['flush', '--hook', 'complete', '--yes'])).toMatchObject({ code: 0 });
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['2']);
  });

  test('capnhook with a wrong command or option exits 64 and suggests the right one', async () => {
    const world = createWorld();
    const command = await world.run(['drian']);
    expect(command.code).toBe(64);
    expect(command.stderr).toMatch(/Did you mean drain\?/);
    const option = await world.run(['drain', '--deamon']);
    expect(option.code).toBe(64);
    expect(option.stderr).toMatch(/Did you mean --daemon\?/);
    const short = await world.run([]);
    expect(short.code).toBe(0);
    for (const word of ['register', 'fire', 'drain']) expect(short.stdout).toContain(`capnhook ${word}`);
  });
});

describe('the exit code of capnhook drain', () => {
  test('capnhook drain exits 75 while a receiver fails, and 0 once it has the event, with the same webhook-id', async () => {
    const world = createWorld();
    let status = 500;
    const receiver = await world.receiver(() => ({ status }));
    world.hooks(
      `hooks: {complete: ["${receiver.url}"]}\ndefaults: {retry: {schedule: [300ms], jitter: 0}}\n`,
    );
    await world.run(['fire', 'complete', '-d', '1']);

    const owed = await world.run(['drain']);
    expect(owed.code).toBe(75);
    expect(owed.stderr).toContain('500');
    status = 204;
    expect(await world.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
    const [first, second] = receiver.requests;
    expect(receiver.requests).toHaveLength(2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(receiver.requests.map(({ headers }) => headers['capnhook-attempt'])).toEqual(['1', '2']);
    expect(world.names('queue')).toEqual([]);
  });

  test('capnhook drain sends nothing again to a receiver that has the event because another one fails', async () => {
    const world = createWorld();
    const [well, sick] = [await world.receiver(), await world.receiver(() => ({ status: 503 }))];
    world.hooks(`hooks: {complete: ["${well.url}", "${sick.url}"]}\ndefaults: {${soon}}\n`);
    await world.run(['fire', 'complete', '-d', '1']);
    for (let pass = 1; pass <= 3; pass++) expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    expect(well.requests).toHaveLength(1);
    expect(sick.requests.length).toBeGreaterThan(1);
  });

  test('capnhook drain exits 75 while another drain runs, and names its pid and since when', async () => {
    const world = createWorld();
    const { open, held } = gate();
    const receiver = await world.receiver(held);
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', '-d', '1']);
    const first = world.start(['drain']);
    await receiver.waitFor(1);

    const second = await world.run(['drain']);
    expect(second.code).toBe(75);
    expect(second.stderr).toContain(`pid ${first.pid} `);
    expect(second.stderr).toMatch(/since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    open();
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(1);
  });

  test('capnhook drain exits 69 when it gives up a delivery, and keeps it in dead/ with the reason', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => ({ status: 500 }));
    world.hooks(`
hooks: {complete: ["${receiver.url}"]}
defaults: {giveUpAfter: 1s, retry: {schedule: [50ms]}}
`);
    await world.run(['fire', 'complete', '-d', '1', '--id', 'e1']);
    let last = await world.run(['drain']);
    expect(last.code).toBe(75);
    for (let pass = 1; last.code === 75 && pass < 100; pass++) last = await world.run(['drain']);

    expect(last.code).toBe(69);
    expect(last.stderr).toMatch(/gave up 1 delivery .*500/);
    expect(receiver.requests.length).toBeGreaterThanOrEqual(8);
    expect(deadOf(world)).toEqual(['e1.json', 'e1.why.json']);
    const seen = receiver.requests.length;
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(receiver.requests).toHaveLength(seen);
  });

  test('capnhook drain keeps what an endpoint is owed whose line was deleted, says so once, and resumes', async () => {
    const world = createWorld();
    let status = 500;
    const receiver = await world.receiver(() => ({ status }));
    const line = `hooks: {complete: "${receiver.url}/x"}\ndefaults: {${soon}}\n`;
    world.hooks(line);
    await world.run(['fire', 'complete', '-d', '1', '--id', 'e1']);
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    world.hooks('hooks: {}\n');
    const held = await world.run(['drain', '--json']);
    expect(held).toMatchObject({ code: 75 });
    expect(JSON.parse(held.stdout)).toMatchObject({ owed: 1, onHold: 1, gaveUp: 0 });
    expect(held.stderr).toContain('1 delivery for 127.0.0.1~');
    expect((await world.run(['drain'])).stderr).not.toContain('kept for');
    expect(deadOf(world)).toEqual([]);
    status = 204;
    world.hooks(line);
    expect(await world.run(['drain', '--wait', '20s'])).toMatchObject({ code: 0 });
    expect(receiver.requests.at(-1)?.headers['webhook-id']).toBe('e1');
  });

  test('capnhook drain gives up what was on hold for as long as defaults.hold says', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => ({ status: 500 }));
    world.hooks(`hooks: {complete: "${receiver.url}/x"}\n`);
    await world.run(['fire', 'complete', '-d', '1', '--id', 'e1']);
    await world.run(['drain']);
    world.hooks('hooks: {}\ndefaults: {hold: {keep: 50ms}}\n');
    expect(await world.run(['drain'])).toMatchObject({ code: 75 });
    expect(await world.run(['drain'])).toMatchObject({ code: 69 });
    expect(deadOf(world)).toEqual(['e1.json', 'e1.why.json']);
  });

  test('capnhook drain exits 78 without a hooks file, and leaves the event where it is', async () => {
    const world = createWorld();
    expect(await world.run(['fire', 'complete', '-d', '1'])).toMatchObject({ code: 0 });
    const drained = await world.run(['drain']);
    expect(drained.code).toBe(78);
    expect(drained.stderr).toContain(world.config);
    expect(world.names('incoming')).toHaveLength(1);
  });
});

/** The files in `dead/`, over all endpoints. */
function deadOf(world: World): string[] {
  return world
    .names('dead')
    .flatMap((endpoint) => world.names(`dead/${endpoint}`))
    .sort();
}

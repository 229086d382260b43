import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld, gate, isRunning, until, type World } from '../support/world.js';

function holderOf(world: World): { pid: number } {
  return JSON.parse(readFileSync(join(world.spool, 'lock'), 'utf8')) as { pid: number };
}

describe('capnhook start and stop', () => {
  test('capnhook start drains in the background until capnhook stop; both are idempotent', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', 'complete', receiver.url]);

    const started = await world.run(['start', '--json']);
    expect(started.code).toBe(0);
    const { pid, log } = JSON.parse(started.stdout) as { pid: number; log: string };
    expect(log).toBe(`${world.spool}.log`);
    expect(isRunning(pid)).toBe(true);
    const again = await world.run(['start']);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(`already running (pid ${pid})`) });

    await world.run(['fire', 'complete', '-d', '1']);
    await receiver.waitFor(1, 20_000);
    expect(await world.run(['stop'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`stopped (pid ${pid})`),
    });
    expect(isRunning(pid)).toBe(false);
    expect(await world.run(['stop'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no drain is running'),
    });
    expect(world.names('incoming')).toEqual([]);
    expect(world.names('queue')).toEqual([]);
  });

  test('capnhook start exits 78 for a broken hooks file, and says what the daemon said', async () => {
    const world = createWorld();
    world.hooks('hooks: 5\n');
    const started = await world.run(['start']);
    expect(started.code).toBe(78);
    expect(started.stderr).toMatch(/1:8: /);
  });

  test('capnhook start gives the daemon what it is to print', async () => {
    const world = createWorld();
    const receiver = await world.receiver();
    await world.run(['register', 'complete', `${receiver.url}/in`]);
    const started = await world.run(['start', '-v', '--show-urls', '--json']);
    const { log } = JSON.parse(started.stdout) as { log: string };
    await world.run(['fire', 'complete', '-d', '1']);
    await receiver.waitFor(1);
    await world.run(['stop']);
    expect(readFileSync(log, 'utf8')).toContain(`${receiver.url}/in`);
  });

  test('capnhook start with a log that cannot be read back exits as the daemon did', async () => {
    const world = createWorld();
    const script = '{ capnhook start --log /dev/stdout --config /nonexistent.yaml; echo "exit $?"; } | cat';
    const started = await world.sh(script);
    expect(started.stdout).toMatch(/exit 78\n$/);
    expect(started.stdout).toContain('Cannot find the hooks file /nonexistent.yaml');
  });

  test('capnhook drain exits 75 while the daemon runs, and names it', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    await world.run(['start']);
    const drained = await world.run(['drain']);
    expect(drained.code).toBe(75);
    expect(drained.stderr).toMatch(new RegExp(`a daemon, pid ${holderOf(world).pid} on .*, since \\d{4}-`));
    expect(await world.run(['stop'])).toMatchObject({ code: 0 });
  });

  test('capnhook stop exits 75 when its time is over before what is in flight has come back, and the daemon ends by itself then', async () => {
    const world = createWorld();
    const { open, held } = gate();
    const receiver = await world.receiver(held);
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['start']);
    await world.run(['fire', 'complete', '-d', '1']);
    await receiver.waitFor(1, 20_000);
    const { pid } = holderOf(world);

    const impatient = await world.run(['stop', '--timeout', '100ms']);
    expect(impatient).toMatchObject({ code: 75, stderr: expect.stringContaining(`pid ${pid} `) });
    expect(isRunning(pid)).toBe(true);
    // A second stop would be a second signal, which cuts off what is in flight.
    open();
    await until('the daemon is gone', () => !isRunning(pid));
    expect(receiver.requests).toHaveLength(1);
    expect(world.names('queue')).toEqual([]);
  });

  test('the last line of a daemon that cannot go on has its time, as all others have', async () => {
    const world = createWorld();
    world.hooks('hooks: {}\n');
    await world.run(['start']);
    const { pid } = holderOf(world);
    await until('the daemon has begun', () =>
      readFileSync(`${world.spool}.log`, 'utf8').includes(' started '),
    );
    rmSync(world.spool, { recursive: true });
    await until('the daemon is gone', () => !isRunning(pid), 20_000);
    const lines = readFileSync(`${world.spool}.log`, 'utf8').trimEnd().split('\n');
    const last = lines.find((line) => line.includes(' Cannot '));
    expect(last).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z capnhook: Cannot /);
  });

  test('a daemon that starts, and one whose log SIGHUP reopens, says what is parked, since when and how much is queued, each time', async () => {
    const world = createWorld();
    const receiver = await world.receiver(() => ({ status: 503 }));
    world.hooks(`
hooks: {complete: [chat]}
endpoints: {chat: {url: "${receiver.url}"}}
defaults: {retry: {schedule: [1h], jitter: 0}}
`);
    await world.run(['fire', 'complete', '--ndjson', '-'], { input: '1\n2\n' });
    await world.run(['drain', '-q']);
    await world.run(['start']);
    const log = `${world.spool}.log`;
    const standing =
      /Z no deliveries to chat since \d{4}-\S+Z: parked: 503, next attempt in [^;]+; 2 still queued\n/g;
    await until('it has said so', () => standing.test(readFileSync(log, 'utf8')));
    renameSync(log, `${log}.1`);
    process.kill(holderOf(world).pid, 'SIGHUP');
    await until('there is a new log', () => existsSync(log) && readFileSync(log, 'utf8') !== '');
    await until('it begins with what is parked', () => readFileSync(log, 'utf8').match(standing) !== null);
    expect(readFileSync(`${log}.1`, 'utf8').match(standing)).toHaveLength(1);
    await world.run(['stop']);
  });

  test('a daemon that starts while an endpoint is parked reports its recovery', async () => {
    const world = createWorld();
    let status = 503;
    const receiver = await world.receiver(() => ({ status }));
    world.hooks(`
hooks: {complete: [chat]}
endpoints: {chat: {url: "${receiver.url}"}}
defaults: {retry: {schedule: [1s], jitter: 0}}
`);
    await world.run(['fire', 'complete', '-d', '1']);
    await world.run(['drain', '-q']);
    status = 204;
    await world.run(['start']);
    await until('it is well again', () =>
      /Z .*\(chat\) is well again\n/.test(readFileSync(`${world.spool}.log`, 'utf8')),
    );
    await world.run(['stop']);
  });

  test('capnhook start works at once after kill -9 of the daemon, and sends what was in flight again', async () => {
    const world = createWorld();
    let silent = true;
    const receiver = await world.receiver(() => (silent ? new Promise(() => undefined) : undefined));
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['start']);
    await world.run(['fire', 'complete', '-d', '1']);
    await receiver.waitFor(1, 20_000);
    const { pid } = holderOf(world);
    process.kill(pid, 'SIGKILL');
    await until('the daemon is gone', () => !isRunning(pid));
    silent = false;

    expect(await world.run(['start'])).toMatchObject({ code: 0 });
    expect(holderOf(world).pid).not.toBe(pid);
    await receiver.waitFor(2, 20_000);
    expect(await world.run(['stop'])).toMatchObject({ code: 0 });
    const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toBe(ids[1]);
    expect(ids).toHaveLength(2);
  });

  test('of ten capnhook drain at once each exits 0 or 75, and the event is sent once', async () => {
    const world = createWorld();
    const { open, held } = gate();
    const receiver = await world.receiver(held);
    await world.run(['register', 'complete', receiver.url]);
    await world.run(['fire', 'complete', '-d', '1']);
    const drains = Array.from({ length: 10 }, () => world.start(['drain']));
    const codes: Array<number | string> = [];
    for (const { ended } of drains) ended.then(({ code }) => codes.push(code));
    await until('nine of them have ended', () => codes.length === 9);
    open();
    await Promise.all(drains.map(({ ended }) => ended));
    expect(codes.sort()).toEqual([0, 75, 75, 75, 75, 75, 75, 75, 75, 75]);
    expect(receiver.requests).toHaveLength(1);
  });
});

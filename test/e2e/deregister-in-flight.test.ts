/** `deregister` beside a drain with a delivery in flight, however that drain ends: the command wins. */
import { describe, expect, test } from 'vitest';
import type { AnswerRequest } from '../support/receiver.js';
import { createWorld, type Running, until, type World } from '../support/world.js';

interface Beside {
  world: World;
  url: string;
  daemon: Running;
}

const hangs: AnswerRequest = () => new Promise(() => undefined);
const ids = ['e1', 'e2', 'e3', 'e4'];

/** A daemon has one delivery of hook `one` in flight, and three are queued behind it; another endpoint has got its own. */
async function inFlight(
  answer: AnswerRequest,
  hooks = (url: string, other: string) => `one: ["${url}", "${other}"]`,
): Promise<Beside> {
  const world = createWorld();
  const receiver = await world.receiver(answer);
  const other = await world.receiver();
  world.hooks(
    `hooks: {${hooks(receiver.url, other.url)}}\ndefaults: {concurrency: 1, retry: {schedule: [1h], jitter: 0}}\n`,
  );
  for (const id of ids) await world.run(['fire', 'one', '-d', '1', '--id', id]);
  const daemon = world.start(['drain', '--daemon', '--grace', '0s']);
  await until('one is in flight', () => receiver.requests.length === 1 && other.requests.length === 4);
  return { world, url: receiver.url, daemon };
}

function dead(world: World): string[] {
  const names = world.names('dead').flatMap((endpoint) => world.names(`dead/${endpoint}`));
  return names.filter((name) => !name.endsWith('.why.json')).map((name) => name.replace('.json', ''));
}

const ends = async ({ daemon }: Beside, signal: NodeJS.Signals): Promise<void> => {
  daemon.kill(signal);
  await daemon.ended;
};

describe('a delivery is in flight in a daemon while it is deregistered', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'and the daemon ends by %s: deregister itself moves it to dead/',
    async (signal) => {
      const beside = await inFlight(hangs);
      const { world, url } = beside;
      const deregistering = world.run(['deregister', url]);
      await beside.daemon.says('was deregistered: 3 deliveries moved to dead/');
      await ends(beside, signal);
      const { code, stderr } = await deregistering;
      expect(stderr).toBe('capnhook: deregistered from one; 4 deliveries moved to dead/\n');
      expect(code).toBe(0);
      expect(dead(world)).toEqual(ids);
      expect(world.names('control')).toEqual([]);
    },
  );

  test('and both are killed: the next drain moves it to dead/', async () => {
    const beside = await inFlight(hangs);
    const { world, url } = beside;
    const deregistering = world.start(['deregister', url]);
    await beside.daemon.says('was deregistered: 3 deliveries moved to dead/');
    deregistering.kill('SIGKILL');
    await ends(beside, 'SIGKILL');
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect(dead(world)).toEqual(ids);
    expect(world.names('control')).toEqual([]);
  });

  test('and it fails, and its endpoint has other hooks and is parked: the daemon moves it to dead/', async () => {
    let fail = (): void => undefined;
    const failing = new Promise<void>((resolve) => {
      fail = resolve;
    });
    const beside = await inFlight(
      async () => {
        await failing;
        return { status: 503 };
      },
      (url, other) => `one: ["${url}", "${other}"], two: "${url}"`,
    );
    const { world, url, daemon } = beside;
    const deregistering = world.run(['deregister', 'one', url]);
    await beside.daemon.says('was deregistered: 3 deliveries moved to dead/');
    fail();
    expect(await deregistering).toMatchObject({ code: 0 });
    expect(dead(world)).toEqual(ids);
    await daemon.says('was deregistered: 1 delivery moved to dead/');
  });

  test('and it is delivered: nothing is left of the request', async () => {
    let answer = (): void => undefined;
    const answering = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const beside = await inFlight(async () => {
      await answering;
      return { status: 204 };
    });
    const { world, url } = beside;
    const deregistering = world.run(['deregister', url]);
    await beside.daemon.says('was deregistered: 3 deliveries moved to dead/');
    answer();
    expect(await deregistering).toMatchObject({ code: 0 });
    expect(dead(world)).toHaveLength(3);
    expect(world.names('control')).toEqual([]);
  });
});

test('deregister moves what a daemon sends from incoming/, and what waits there behind it', async () => {
  const world = createWorld();
  let fail = (): void => undefined;
  const failing = new Promise<void>((resolve) => {
    fail = resolve;
  });
  const receiver = await world.receiver(async () => {
    await failing;
    return { status: 503 };
  });
  world.hooks(`hooks: {one: "${receiver.url}"}\ndefaults: {concurrency: 1}\n`);
  for (const id of ids) await world.run(['fire', 'one', '-d', '1', '--id', id]);
  const daemon = world.start(['drain', '--daemon']);
  await until('one is in flight', () => receiver.requests.length === 1);
  const deregistering = world.run(['deregister', receiver.url]);
  await daemon.says('was deregistered: 3 deliveries moved to dead/');
  fail();
  expect(await deregistering).toMatchObject({
    code: 0,
    stderr: 'capnhook: deregistered from one; 4 deliveries moved to dead/\n',
  });
  expect(dead(world)).toEqual(ids);
  daemon.kill('SIGTERM');
  await daemon.ended;
});

test('deregister ends with 75 beside a daemon that does not answer, and the next drain obeys the request', async () => {
  const beside = await inFlight(hangs);
  const { world, url, daemon } = beside;
  daemon.kill('SIGSTOP');
  const ran = await world.run(['deregister', url, '--quiet']);
  expect(ran.code).toBe(75);
  expect(ran.stderr).toMatch(
    /^capnhook: deregistered from one; 4 deliveries still queued for it; the running drain was asked .* or else the next drain does\n$/,
  );
  expect(world.names('control')).toHaveLength(1);
  await ends(beside, 'SIGKILL');
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  expect(dead(world)).toEqual(ids);
  expect(world.names('control')).toEqual([]);
});

/** list, show and log as real processes: beside a daemon, into a pipe that is closed, and as lines are written. */
import { once } from 'node:events';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createWorld, until, type World } from '../support/world.js';

/** Queues many deliveries for an endpoint that does not exist, as files of its queue. */
function queueMany(world: World, count: number): void {
  const queue = `${world.spool}/queue/sink`;
  writeFileSync(`${world.root}/event`, '{"capnhook":1,"hook":"complete",\n"payload":1\n}\n');
  for (let n = 0; n < count; n += 1) {
    const segment = `${queue}/${String(Math.floor(n / 4096) + 1).padStart(8, '0')}`;
    if (n % 4096 === 0) mkdirSync(segment, { recursive: true });
    linkSync(`${world.root}/event`, `${segment}/e${String(n).padStart(6, '0')}.json`);
  }
}

describe('beside a daemon', () => {
  test('list, show and log tell what it does, and it goes on', async () => {
    const world = createWorld();
    let status = 503;
    const receiver = await world.receiver(() => ({ status }));
    world.hooks(
      `hooks: {complete: chat}\nendpoints: {chat: "${receiver.url}"}\ndefaults: {retry: {schedule: [1s]}}\n`,
    );
    const daemon = world.start(['drain', '--daemon', '--grace', '0s']);
    await daemon.says('started');
    const follow = world.start(['log', '-f', '--json', '--since', '1m']);
    await world.run(['fire', 'complete', '-d', '{"a":1}', '--id', 'e1']);
    await daemon.says('fails: 503');
    await until('it is listed as parked', async () => (await world.run(['list'])).stdout.includes('parked'));
    const shown = await world.run(['show', 'e1']);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('chat (') });
    status = 204;
    await until('its delivery is in the log', async () =>
      (await world.run(['log'])).stdout.includes('delivered'),
    );
    await until('show says so', async () => (await world.run(['show', 'e1'])).stdout.includes(': delivered'));
    await new Promise((resolve) => setTimeout(resolve, 600));
    follow.kill('SIGINT');
    const followed = (await follow.ended).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).what);
    expect(followed.at(0)).toBe('failed');
    expect(followed.at(-1)).toBe('delivered');
    daemon.kill('SIGTERM');
    expect((await daemon.ended).code).toBe(143);
  });
});

describe('into a pipe', () => {
  test.each([[['list']], [['list', '--json']], [['log']], [['log', '--json']]])(
    '%j ends quietly when its reader has gone',
    async (argv) => {
      const world = createWorld();
      world.hooks('hooks: {}\n');
      await world.run(['init']);
      queueMany(world, 20_000);
      const day = new Date().toISOString().slice(0, 10);
      mkdirSync(`${world.spool}/journal`, { recursive: true });
      const { toLine } = await import('../../src/journal/journal-line.js');
      const line = toLine({
        time: `${day}T00:00:00.000Z`,
        what: 'failed',
        event: 'e1',
        endpoint: 'sink',
        ms: 1,
      });
      writeFileSync(`${world.spool}/journal/${day}.jsonl`, line.repeat(20_000));
      const running = world.start(argv);
      await once(running.child.stdout, 'data');
      running.child.stdout.destroy();
      expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    },
  );
});

/** capnhook retry, drop, purge, pause and resume beside a daemon. */
import { expect, test } from 'vitest';
import { createWorld, until } from '../support/world.js';

test('each steers a running daemon, says what it did, and how it is undone', async () => {
  const world = createWorld();
  let status = 503;
  const receiver = await world.receiver(() => ({ status }));
  world.hooks(
    `hooks: {load: chat}\nendpoints: {chat: "${receiver.url}"}\ndefaults: {retry: {schedule: [1h], jitter: 0}}\n`,
  );
  const fire = (id: string) => world.run(['fire', 'load', '-d', '1', '--id', id]);
  const ids = () => receiver.requests.map(({ headers }) => headers['webhook-id']);
  await fire('e1');
  const daemon = world.start(['drain', '--daemon', '--grace', '0s']);
  await daemon.says('fails: 503');

  status = 204;
  expect(await world.run(['retry', 'e1'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'capnhook: chat is tried now\n',
  });
  await until('it is delivered', () => receiver.requests.length === 2);

  expect((await world.run(['pause', 'chat'])).stderr).toContain('Undo: capnhook resume chat\n');
  for (const id of ['e2', 'e3', 'e4']) await fire(id);
  await until('they are queued', () => world.names('queue/chat').length > 0);
  await until('all are taken in', () => world.names('incoming').length === 0);
  const dropped = await world.run(['drop', 'e2', 'e3', '--yes']);
  expect(dropped).toMatchObject({
    code: 0,
    stderr:
      'capnhook: moved 2 queued deliveries for chat to dead/\n  Undo: capnhook retry --reason dropped e2 e3\n',
  });
  expect((await world.run(['purge', '--dead', 'e3', '--yes', '--json'])).stdout).toContain(
    '"rooms":{"dead":1}',
  );
  expect((await world.run(['retry', '--reason', 'dropped', 'e2'])).stderr).toContain(
    '1 dead delivery queued again; chat is not tried: ',
  );
  expect(world.names('dead/chat')).toEqual([]);
  expect((await world.run(['resume', 'chat'])).stderr).toContain('the running drain tries it now');
  await until('the rest is delivered', () => receiver.requests.length === 4);
  expect(ids().slice(2).sort()).toEqual(['e2', 'e4']);
  daemon.kill('SIGTERM');
  await daemon.ended;
});

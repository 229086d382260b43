/** An update replaces the files of the package while a daemon runs. */
import { cpSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWorld, installInto, isRunning, node, until } from '../support/world.js';

test('a daemon goes on when its package is removed and replaced: it sends, reads the hooks file, tells, and stops', async () => {
  const world = createWorld();
  const copy = installInto(join(world.root, 'copy'));
  const dist = join(world.root, 'copy/dist');
  const kept = join(world.root, 'kept');
  cpSync(dist, kept, { recursive: true });
  let status = 200;
  const receiver = await world.receiver(() => ({ status }));
  const told = join(world.root, 'told');
  const hooks = (url: string) =>
    `hooks: {complete: ["${url}"]}\ndefaults: {onChange: {command: [sh, -c, "cat >> '${told}'"]}}\n`;
  world.hooks(hooks(`${receiver.url}/old`));
  const run = (...args: string[]) => world.exec(node, [copy, ...args]);

  expect(await run('start')).toMatchObject({ code: 0 });
  const { pid } = JSON.parse(readFileSync(join(world.spool, 'lock'), 'utf8')) as { pid: number };
  rmSync(dist, { recursive: true });
  await world.run(['fire', 'complete', '-d', '1']);
  await receiver.waitFor(1, 20_000);

  world.hooks(hooks(`${receiver.url}/new`));
  process.kill(pid, 'SIGHUP');
  await until('the new hooks file is in use', async () => {
    await world.run(['fire', 'complete', '-d', '2']);
    return receiver.requests.some(({ path }) => path === '/new');
  });

  status = 500;
  await world.run(['fire', 'complete', '-d', '3']);
  await until('onChange was run', () => readFileSync(told, { flag: 'a+' }).includes('"to":"parked"'));
  expect(isRunning(pid)).toBe(true);

  cpSync(kept, dist, { recursive: true });
  expect(await run('stop')).toMatchObject({ code: 0 });
  expect(readFileSync(`${world.spool}.log`, 'utf8')).not.toContain('bug in capnhook');
});

test('a daemon without a hooks file reads one that is made after its package was removed', async () => {
  const world = createWorld();
  const copy = installInto(join(world.root, 'copy'));
  const receiver = await world.receiver();
  rmSync(world.config, { force: true });
  const daemon = world.launch(node, [copy, 'drain', '--daemon']);
  await daemon.says('started');
  rmSync(join(world.root, 'copy/dist'), { recursive: true });
  world.hooks(`hooks: {complete: ["${receiver.url}"]}\n`);
  await world.run(['fire', 'complete', '-d', '1']);
  await receiver.waitFor(1, 20_000);
  daemon.kill('SIGTERM');
  await daemon.ended;
});

test('a daemon whose package was removed removes what has been dead for long enough, and serves its metrics', async () => {
  const world = createWorld();
  const copy = installInto(join(world.root, 'copy'));
  world.hooks(
    'hooks: {complete: [chat]}\nendpoints: {chat: "http://127.0.0.1:9/"}\ndefaults: {dead: {keep: 1s}}\n',
  );
  await world.run(['fire', 'complete', '-d', '1', '--id', 'e1']);
  await world.run(['drain', '-q']);
  const daemon = world.launch(node, [copy, 'drain', '--daemon', '--grace', '0s', '--metrics', '127.0.0.1:0']);
  let said = '';
  daemon.child.stderr.on('data', (text: string) => {
    said += text;
  });
  await daemon.says('/metrics\n');
  rmSync(join(world.root, 'copy/dist'), { recursive: true });
  expect(await world.run(['drop', '--all', '--yes'])).toMatchObject({ code: 0 });
  expect(world.names('dead/chat')).toContain('e1.json');
  const aMinuteAgo = Date.now() / 1000 - 60;
  utimesSync(join(world.spool, 'dead/chat/e1.why.json'), aMinuteAgo, aMinuteAgo);
  const [url = ''] = /http:\S+\/metrics/.exec(said) ?? [];
  expect(await (await fetch(url)).text()).toContain('capnhook_drain_running 1');
  daemon.kill('SIGTERM'); // at its end it looks through what is dead
  expect((await daemon.ended).stderr).not.toContain('Cannot purge');
  expect(world.names('dead/chat')).toEqual([]);
});

test.each([
  { file: 'drain.js', args: ['drain'] },
  { file: 'program.js', args: ['targets'] },
])('a command that finds $file of another build ends with one clear line and 75', async ({ file, args }) => {
  const world = createWorld();
  const copy = installInto(join(world.root, 'copy'));
  world.hooks('hooks: {complete: [http://127.0.0.1:9/]}');
  await world.run(['fire', 'complete', '-d', '1']);
  const path = join(world.root, 'copy/dist', file);
  const source = readFileSync(path, 'latin1');
  writeFileSync(path, source.replace(/(?<=shared\(")[0-9a-f]{16}/, 'other'), 'latin1');
  expect(await world.exec(node, [copy, ...args])).toEqual({
    code: 75,
    stdout: '',
    stderr: expect.stringMatching(/^capnhook: Cannot run: capnhook was updated .*\n {2}Run it again\.\n/),
  });
  expect(world.names('incoming')).toHaveLength(1);
});

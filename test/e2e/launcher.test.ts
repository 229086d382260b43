import { expect, test } from 'vitest';
import { bin, createWorld, node } from '../support/world.js';

test('bin/capnhook.js refuses Windows with one clear line and 64', async () => {
  const world = createWorld();
  const pretend = world.file('win32.cjs', `Object.defineProperty(process, 'platform', { value: 'win32' });`);
  const ended = await world.exec(node, ['--require', pretend, bin, 'fire', 'complete', '-d', '1']);
  expect(ended).toEqual({
    code: 64,
    stdout: '',
    stderr: expect.stringMatching(/^capnhook: Windows is not supported.*\n$/),
  });
  expect(world.names('incoming')).toEqual([]);
});

test.each(['16.20.2', '18.20.4', '20.17.0', '20.18.0'])(
  'bin/capnhook.js refuses Node %s with one clear line and 64',
  async (version) => {
    const world = createWorld();
    const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
    const pretend = world.file(
      'old.cjs',
      `Object.defineProperty(process, 'versions', { value: ${versions} });`,
    );
    const ended = await world.exec(node, ['--require', pretend, bin, 'fire', 'complete', '-d', '1']);
    expect(ended).toEqual({
      code: 64,
      stdout: '',
      stderr: `capnhook: Node 20.18.1 or newer is needed; this is ${version}.\n`,
    });
  },
);

test.each(['20.18.1', '20.19.0', '22.0.0', '26.10.0'])('bin/capnhook.js runs on Node %s', async (version) => {
  const world = createWorld();
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  const pretend = world.file(
    'new.cjs',
    `Object.defineProperty(process, 'versions', { value: ${versions} });`,
  );
  expect(await world.exec(node, ['--require', pretend, bin, '--version'])).toMatchObject({
    code: 0,
    stderr: '',
  });
});

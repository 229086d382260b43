import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWorld, type World } from '../support/world.js';

/** A spool that was drained with the world's own hooks file, and another file that knows another receiver. */
async function bound(): Promise<{ world: World; other: string; first: () => number; second: () => number }> {
  const world = createWorld();
  const [first, second] = [await world.receiver(), await world.receiver()];
  world.hooks(`hooks: {complete: "${first.url}/x"}\n`);
  const other = world.file('other.yaml', `hooks: {complete: "${second.url}/y"}\n`);
  await world.run(['fire', 'complete', '-d', '1']);
  expect(await world.run(['drain'])).toMatchObject({ code: 0 });
  return { world, other, first: () => first.requests.length, second: () => second.requests.length };
}

describe('one spool, one hooks file', () => {
  test('capnhook drain remembers the hooks file, and refuses another one with 78, also where nothing is queued', async () => {
    const { world, other, first, second } = await bound();
    expect(readFileSync(join(world.spool, 'hooks-file'), 'utf8')).toBe(`${world.config}\n`);
    for (const args of [['drain'], ['drain', '--wait', '1s'], ['drain', '--daemon'], ['start']]) {
      const refused = await world.run([...args, '--config', other]);
      expect(refused).toMatchObject({ code: 78, stdout: '' });
      for (const word of [world.config, other, '--adopt']) expect(refused.stderr).toContain(word);
    }
    await world.run(['fire', 'complete', '-d', '2']);
    expect(await world.run(['drain', '--config', other])).toMatchObject({ code: 78 });
    expect(world.names('incoming')).toHaveLength(1);
    expect(await world.run(['drain'])).toMatchObject({ code: 0 });
    expect([first(), second()]).toEqual([2, 0]);
  });

  test('capnhook drain --adopt takes the spool over, once and for good', async () => {
    const { world, other, second } = await bound();
    expect(await world.run(['drain', '--config', other, '--adopt'])).toMatchObject({ code: 0 });
    await world.run(['fire', 'complete', '-d', '2']);
    expect(await world.run(['drain'])).toMatchObject({ code: 78 });
    expect(await world.run(['drain', '--config', 'other.yaml'])).toMatchObject({ code: 0 });
    expect(second()).toBe(1);
    expect(await world.run(['start', '--adopt'])).toMatchObject({ code: 0 });
    const beside = await world.run(['start', '--config', other]);
    expect(beside).toMatchObject({ code: 78 });
    expect(await world.run(['stop'])).toMatchObject({ code: 0 });
    expect(readFileSync(join(world.spool, 'hooks-file'), 'utf8')).toBe(`${world.config}\n`);
  });

  test('a hooks file that is a symbolic link is the same one when its target changes', async () => {
    const { world, other, second } = await bound();
    const link = join(world.root, 'current.yaml');
    await world.exec('ln', ['-s', world.config, link]);
    expect(await world.run(['drain', '--config', link, '--adopt'])).toMatchObject({ code: 0 });
    await world.exec('ln', ['-sfn', other, link]);
    await world.run(['fire', 'complete', '-d', '2']);
    expect(await world.run(['drain', '--config', `${world.root}/./current.yaml`])).toMatchObject({ code: 0 });
    expect(second()).toBe(1);
  });

  test('capnhook drain binds a spool anew whose memory was emptied, and never to a file that is missing', async () => {
    const { world, other } = await bound();
    writeFileSync(join(world.spool, 'hooks-file'), '');
    expect(await world.run(['drain', '--config', join(world.root, 'none.yaml')])).toMatchObject({ code: 78 });
    expect(await world.run(['drain', '--config', other])).toMatchObject({ code: 0 });
    expect(await world.run(['drain'])).toMatchObject({ code: 78 });
  });
});

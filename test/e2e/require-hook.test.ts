/** `fire --require-hook`: nothing is queued for a hook that nobody receives. */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createWorld } from '../support/world.js';

describe('capnhook fire --require-hook', () => {
  test('it refuses a hook that nobody is registered for, with what was probably meant, and queues others', async () => {
    const world = createWorld();
    world.hooks('hooks: {complete: ["http://127.0.0.1:9/in"], empty: []}\n');
    const fire = (hook: string) => world.run(['fire', '--require-hook', hook, '-d', '1']);
    const typo = await fire('complte');
    expect(typo.code).toBe(66);
    expect(typo.stderr).toMatch(/nobody is registered for complte in .*\n.*Did you mean complete\?\n$/);
    expect(await fire('empty')).toMatchObject({ code: 66 });
    expect(await fire('a b')).toMatchObject({ code: 64 });
    expect(world.names('incoming')).toEqual([]);
    expect(await fire('complete')).toMatchObject({ code: 0, stderr: '' });
    expect(await fire('http://127.0.0.1:9/other')).toMatchObject({ code: 0, stderr: '' });
    expect(world.names('incoming')).toHaveLength(2);
  });

  test.each([
    ['broken', 'hooks: ['],
    ['without hooks', 'endpoints: {}'],
    ['missing', undefined],
  ])('it exits 78 where the hooks file is %s', async (_, text) => {
    const world = createWorld();
    world.hooks(text ?? '');
    if (text === undefined) rmSync(world.config);
    expect(await world.run(['fire', '--require-hook', 'complete', '-d', '1'])).toMatchObject({ code: 78 });
    expect(world.names('incoming')).toEqual([]);
  });
});

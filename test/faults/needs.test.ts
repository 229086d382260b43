/** Tests that cannot run here say so, whoever runs them: what they need is tried. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundle } from '../support/child.js';
import { createWorld } from '../support/world.js';
import { mountNeeds } from './support/mounts.js';
import { missingOf } from './support/needs.js';
import { testWith } from './support/test-with.js';

describe('missingOf()', () => {
  test('missingOf() names the command or the file that is not there, and nothing where all is', () => {
    expect(missingOf({})).toBeUndefined();
    expect(missingOf({ commands: ['sh'], files: ['/dev/null'] })).toBeUndefined();
    expect(missingOf({ commands: ['sh', 'no-such-command'] })).toBe('no-such-command');
    expect(missingOf({ files: ['/no/such/file'] })).toBe('/no/such/file');
  });

  const commands = [...mountNeeds.commands, 'setpriv', 'losetup'];
  testWith({ ...mountNeeds, loop: true, commands })(
    'missingOf() finds out that root may not mount, as in a container, and is somebody else',
    async () => {
      const world = createWorld();
      const needs = join(import.meta.dirname, 'support/needs.ts');
      const script = await bundle(
        join(world.root, 'missing.mjs'),
        `import { missingOf } from ${JSON.stringify(needs)};
         console.log(String(missingOf(JSON.parse(process.argv[2]))));`,
      );
      const ask = async (prefix: readonly string[], asked: object): Promise<string> => {
        const ended = await world.exec(process.execPath, [script, JSON.stringify(asked)], { prefix });
        return ended.stdout.trim() || ended.stderr;
      };
      const bare = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];
      expect(await ask([], { root: true, mounts: true, loop: true })).toBe('undefined');
      expect(await ask(bare, { root: true })).toBe('undefined');
      expect(await ask(bare, { root: true, mounts: true })).toBe('right to mount');
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      await world.exec('chmod', ['-R', 'a+rX', world.root]);
      expect(await ask(nobody, { root: true })).toBe('root');
      expect(await ask(nobody, { loop: true, commands: ['mkfs.ext4'] })).toBe('loop device');
    },
  );
});

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireHook } from '../../src/library/require-hook.js';
import { tempDir } from '../support/temp.js';

/** The path of a hooks file with this text; of none where it is undefined. */
function hooksFile(text?: string): string {
  const config = join(tempDir(), 'hooks.yaml');
  if (text !== undefined) writeFileSync(config, text);
  return config;
}

const hooks =
  'hooks: {complete: ["http://127.0.0.1:9/in"], "build.*": ["http://127.0.0.1:9/b"], empty: []}\n';

describe('requireHook()', () => {
  it('requireHook() resolves for a hook that is registered by its name or by a pattern', async () => {
    const config = hooksFile(hooks);
    await expect(requireHook('complete', { config })).resolves.toBeUndefined();
    await expect(requireHook('build.failed', { config })).resolves.toBeUndefined();
    await expect(requireHook('complete', { env: { CAPNHOOK_CONFIG: config } })).resolves.toBeUndefined();
  });

  it.each([
    ['complte', 'Nothing was queued. Did you mean complete?'],
    ['empty', expect.stringContaining('capnhook register empty ')],
    ['zzz', expect.stringContaining('capnhook register zzz ')],
  ])('requireHook() refuses %s, and names what was probably meant or what to do', async (hook, hint) => {
    const config = hooksFile(hooks);
    await expect(requireHook(hook, { config })).rejects.toMatchObject({
      code: 'NO_INPUT',
      message: `Cannot fire: nobody is registered for ${hook} in ${config}`,
      hint,
    });
  });

  it('requireHook() refuses what is no name of a hook before it reads anything', async () => {
    await expect(requireHook('a b', { config: hooksFile() })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each([
    ['missing', () => hooksFile()],
    ['broken', () => hooksFile('hooks: [')],
    ['a directory', () => tempDir()],
  ])('requireHook() cannot tell who is registered where the file is %s', async (_, make) => {
    await expect(requireHook('complete', { config: make() })).rejects.toMatchObject({ code: 'HOOKS_FILE' });
  });

  it.skipIf(process.getuid?.() === 0)(
    'requireHook() keeps the cause where the file may not be read',
    async () => {
      const directory = join(tempDir(), 'closed');
      mkdirSync(directory);
      chmodSync(directory, 0);
      const asked = requireHook('complete', { config: join(directory, 'hooks.yaml') });
      await expect(asked).rejects.toMatchObject({ code: 'HOOKS_FILE', hint: 'Nothing was queued.' });
      chmodSync(directory, 0o700);
    },
  );
});

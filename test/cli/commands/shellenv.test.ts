import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderShellenv } from '../../../src/cli/render/shellenv.js';
import { createPlace } from '../../support/place.js';
import { repository } from '../../support/world.js';

const source = readFileSync(join(repository, 'shell/capnhook-fire.sh'), 'utf8');

describe('capnhook shellenv', () => {
  it('shellenv prints capnhook_fire, and of its source all but the comments and empty lines', async () => {
    const { code, stdout, stderr } = await createPlace().run(['shellenv']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^capnhook_fire\(\) \{$/m);
    const lines = source.split('\n').filter((line) => !/^ *(#|$)/.test(line));
    expect(stdout).toBe(`${lines.join('\n')}\n`);
    // None behind a command either: an interactive zsh takes no comments at all.
    expect(stdout).not.toMatch(/[\s;]#/);
  });

  it('shellenv --spool names that directory, absolute and as one word, in the place of the environment', async () => {
    const place = createPlace();
    const named = await place.run(['shellenv', '--spool', "/var/it's home/"]);
    expect(named.stdout).toContain(`\n  ch_spool='/var/it'\\''s home'\n`);
    expect(named.stdout).not.toContain('CAPNHOOK_SPOOL-');
    expect((await place.run(['shellenv', '--spool', 'here'])).stdout).toContain(
      `ch_spool='${process.cwd()}/here'`,
    );
    const global = await place.run(['--spool', '/a', 'shellenv']);
    expect(global.stdout).toContain("ch_spool='/a'");
  });

  it('shellenv does not write down what CAPNHOOK_SPOOL says when it is printed', async () => {
    const place = createPlace();
    const { stdout } = await place.run(['shellenv'], { env: { CAPNHOOK_SPOOL: '/elsewhere' } });
    expect(stdout).toBe((await place.run(['shellenv'])).stdout);
  });

  it('shellenv --spool with an empty path is refused', async () => {
    expect(await createPlace().run(['shellenv', '--spool', ''])).toMatchObject({ code: 64, stdout: '' });
  });

  it('renderShellenv() throws where it cannot put the spool in', () => {
    expect(() => renderShellenv('capnhook_fire() { :; }\n', '/a')).toThrow('spool');
  });
});

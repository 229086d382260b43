import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRegistration } from '../../../src/hooks/edit/edit-hooks.js';
import { editHooksFile, loadHooks } from '../../../src/hooks/file/hooks-file.js';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'capnhook-hooks-'));
  file = join(directory, 'hooks.yaml');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const VALID = 'hooks: {a: https://a.example}\n';
const register =
  (hook: string, url = 'https://a.example') =>
  (text: string) =>
    addRegistration(text, { hook, url });
const failure = (message: RegExp, more: object = {}) =>
  expect.objectContaining({ code: 'HOOKS_FILE', message: expect.stringMatching(message), ...more });

describe('loadHooks()', () => {
  it('loadHooks() reads a file, and one with a byte order mark', async () => {
    for (const text of [VALID, `\uFEFF${VALID}`]) {
      writeFileSync(file, text);
      expect((await loadHooks(file)).registrations).toHaveLength(1);
    }
  });

  it('loadHooks() names the path of a file that is missing, and says what to do', async () => {
    const missing = failure(/^Cannot find the hooks file .*hooks\.yaml$/, {
      hint: expect.stringContaining('--config'),
    });
    await expect(loadHooks(file)).rejects.toEqual(missing);
    writeFileSync(file, VALID);
    await expect(loadHooks(join(file, 'x'))).rejects.toEqual(failure(/^Cannot find/));
  });

  it('loadHooks() refuses what is no regular file, and is not held up by a FIFO', async () => {
    execFileSync('mkfifo', [file]);
    await expect(loadHooks(file)).rejects.toEqual(failure(/not a regular file/));
    await expect(loadHooks(directory)).rejects.toEqual(failure(/not a regular file/));
  });

  it('loadHooks() refuses a file that is too large, or not UTF-8, or cannot be opened', async () => {
    writeFileSync(file, Buffer.alloc(4 * 1024 * 1024 + 1, '#'));
    await expect(loadHooks(file)).rejects.toEqual(failure(/larger than 4 MiB/));
    writeFileSync(file, Buffer.from([0x23, 0xff, 0xfe]));
    await expect(loadHooks(file)).rejects.toEqual(failure(/not UTF-8/));
    symlinkSync('loop', join(directory, 'loop'));
    await expect(loadHooks(join(directory, 'loop'))).rejects.toEqual(failure(/ELOOP/));
  });

  it('loadHooks() has every problem of the file', async () => {
    writeFileSync(file, 'hoks: {}\nendpoint: {}\n');
    const problems = [expect.objectContaining({ line: 1, column: 1 }), expect.objectContaining({ line: 2 })];
    await expect(loadHooks(file)).rejects.toEqual(failure(/hooks\.yaml: it has 2 problems$/, { problems }));
    writeFileSync(file, 'hoks: {}\n');
    await expect(loadHooks(file)).rejects.toEqual(failure(/it has a problem$/));
  });
});

describe('editHooksFile()', () => {
  it('editHooksFile() makes a file that is missing, private, and its directories too', async () => {
    const deep = join(directory, 'x', 'y', 'hooks.yaml');
    const before = process.umask(0);
    try {
      expect(await editHooksFile(deep, register('a'))).toMatchObject({ changed: true });
    } finally {
      process.umask(before);
    }
    expect((await loadHooks(deep)).registrations).toHaveLength(1);
    expect(statSync(deep).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'x')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(directory, 'x', 'y'))).toEqual(['hooks.yaml']);
  });

  it('editHooksFile() keeps the mode of the file, and writes nothing where nothing changes', async () => {
    writeFileSync(file, VALID);
    chmodSync(file, 0o644);
    const { ino } = statSync(file);
    expect(await editHooksFile(file, register('a'))).toMatchObject({ changed: false });
    expect(statSync(file).ino).toBe(ino);
    await editHooksFile(file, register('b'));
    expect(statSync(file).ino).not.toBe(ino);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  it.runIf(process.getuid?.() === 0)('editHooksFile() keeps the owner of the file', async () => {
    writeFileSync(file, VALID);
    execFileSync('chown', ['12345:12345', file]);
    await editHooksFile(file, register('b'));
    expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 12_345 });
  });

  it('editHooksFile() never writes over a broken file', async () => {
    writeFileSync(file, 'hoks: {}\n');
    const edit = (text: string) => ({ text: `${text}# edited\n` });
    await expect(editHooksFile(file, edit)).rejects.toEqual(
      failure(/^Cannot edit .* a problem$/, { problems: [expect.anything()] }),
    );
    expect(readFileSync(file, 'utf8')).toBe('hoks: {}\n');
    await expect(editHooksFile(directory, edit)).rejects.toEqual(failure(/not a regular file/));
  });

  it('editHooksFile() leaves a symbolic link one, also one that leads to nothing yet', async () => {
    mkdirSync(join(directory, 'real'));
    writeFileSync(join(directory, 'real', 'hooks.yaml'), VALID);
    symlinkSync('real/hooks.yaml', file);
    const dangling = join(directory, 'dangling.yaml');
    symlinkSync('new/hooks.yaml', dangling);
    for (const link of [file, dangling]) {
      await editHooksFile(link, register('b'));
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect((await loadHooks(link)).registrations.at(-1)!.pattern).toBe('b');
    }
    expect(readdirSync(join(directory, 'real'))).toEqual(['hooks.yaml']);
  });

  it('editHooksFile() is done although its lock was taken away', async () => {
    await editHooksFile(file, (text) => {
      rmSync(`${file}.lock`, { recursive: true });
      return register('a')(text);
    });
    expect((await loadHooks(file)).registrations).toHaveLength(1);
  });

  it('editHooksFile() passes on what the edit throws, and frees the lock', async () => {
    writeFileSync(file, VALID);
    await expect(editHooksFile(file, register('a b'))).rejects.toMatchObject({ code: 'USAGE' });
    expect(readdirSync(directory)).toEqual(['hooks.yaml']);
  });

  it('editHooksFile() edits again what an editor changed meanwhile', async () => {
    writeFileSync(file, VALID);
    let rounds = 0;
    await editHooksFile(file, (text) => {
      rounds++;
      if (rounds === 1) writeFileSync(file, 'hooks: {mine: https://a.example} # by hand\n');
      return register('b')(text);
    });
    expect(rounds).toBe(2);
    expect(readFileSync(file, 'utf8')).toContain('# by hand');
    expect((await loadHooks(file)).registrations.map(({ pattern }) => pattern)).toEqual(['mine', 'b']);
  });

  it('editHooksFile() gives up on a file that does not stop changing', async () => {
    let rounds = 0;
    const edit = (text: string) => {
      writeFileSync(file, `# ${rounds++} ${'x'.repeat(rounds)}\n`);
      return register('b')(text);
    };
    await expect(editHooksFile(file, edit)).rejects.toMatchObject({ code: 'BUSY' });
    expect(readdirSync(directory)).toEqual(['hooks.yaml']);
  });

  it('editHooksFile() says that another one is editing, and which directory to look at', async () => {
    writeFileSync(file, VALID);
    mkdirSync(`${file}.lock`);
    // A lock from the future never looks stale.
    execFileSync('touch', ['-d', '+1 hour', `${file}.lock`]);
    const busy = { code: 'BUSY', hint: expect.stringContaining('hooks.yaml.lock') };
    await expect(editHooksFile(file, register('b'), { waitMs: 300 })).rejects.toMatchObject(busy);
    expect(readFileSync(file, 'utf8')).toBe(VALID);
  });

  it('editHooksFile() says what a failed write failed with, and leaves nothing behind', async () => {
    writeFileSync(join(directory, 'file'), '');
    const within = join(directory, 'file', 'hooks.yaml');
    await expect(editHooksFile(within, register('a'))).rejects.toEqual(
      failure(/^Cannot write .*(ENOTDIR|EEXIST)$/),
    );
    const long = join(directory, `${'x'.repeat(240)}.yaml`);
    await expect(editHooksFile(long, register('a'))).rejects.toEqual(failure(/ENAMETOOLONG/));
    symlinkSync('loop', join(directory, 'loop'));
    await expect(editHooksFile(join(directory, 'loop'), register('a'))).rejects.toEqual(failure(/ELOOP/));
    expect(existsSync(long)).toBe(false);
  });

  it('editHooksFile() loses no edit of many at once', async () => {
    const hooks = Array.from({ length: 20 }, (_, n) => `h${n}`);
    await Promise.all(hooks.map((hook) => editHooksFile(file, register(hook))));
    const { registrations } = await loadHooks(file);
    expect(registrations.map(({ pattern }) => pattern).sort()).toEqual(hooks.sort());
    expect(readdirSync(directory)).toEqual(['hooks.yaml']);
  });

  it('editHooksFile() loses no edit of several processes', async () => {
    const contents = `
      import { addRegistration } from './edit/edit-hooks.js';
      import { editHooksFile } from './file/hooks-file.js';
      const [, , file, who] = process.argv;
      const register = (hook) => editHooksFile(file, (text) => addRegistration(text, { hook, url: 'https://a.example' }));
      const main = async () => {
        for (let n = 0; n < 5; n++) await register('h' + who + '_' + n);
      };
      main();`;
    const outfile = join(directory, 'editor.cjs');
    const resolveDir = fileURLToPath(new URL('../../../src/hooks', import.meta.url));
    await build({ stdin: { contents, resolveDir }, outfile, bundle: true, platform: 'node', format: 'cjs' });
    const run = promisify(execFile);
    await Promise.all(
      Array.from({ length: 8 }, (_, who) => run(process.execPath, [outfile, file, String(who)])),
    );
    expect((await loadHooks(file)).registrations).toHaveLength(40);
    expect(readdirSync(directory).sort()).toEqual(['editor.cjs', 'hooks.yaml']);
  });
});

it('editHooksFile() refuses a place where no directory can be made, and does not hang', async () => {
  await expect(editHooksFile('/proc/nope/hooks.yaml', (text) => ({ text }))).rejects.toMatchObject({
    message: expect.stringMatching(/^Cannot write the hooks file \/proc\/nope/),
  });
});

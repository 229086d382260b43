import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type RunCommandOptions, runCommand } from '../../src/command/run-command.js';
import { bundle } from '../support/child.js';
import { tempDir } from '../support/temp.js';
import { isRunning } from '../support/world.js';

const env = { PATH: process.env.PATH };

function run(
  command: readonly string[],
  options: Partial<RunCommandOptions> = {},
): Promise<string | undefined> {
  const { signal } = new AbortController();
  return runCommand(command, { input: '', timeoutMs: 10_000, signal, env, ...options });
}

describe('runCommand()', () => {
  it('runCommand() gives the text to the command, and its arguments as they are, without a shell', async () => {
    const file = join(tempDir(), 'told');
    const script = 'cat > "$1"; printf %s "$2" >> "$1"';
    expect(await run(['sh', '-c', script, 'sh', file, '$HOME; *'], { input: 'hello\n' })).toBe(undefined);
    expect(readFileSync(file, 'utf8')).toBe('hello\n$HOME; *');
  });

  it('runCommand() gives the environment, and nothing else of ours', async () => {
    const file = join(tempDir(), 'env');
    const options = { env: { ...env, TOLD: 'yes' } };
    expect(await run(['sh', '-c', 'env > "$0"', file], options)).toBe(undefined);
    expect(readFileSync(file, 'utf8')).toMatch(/^TOLD=yes$/m);
    expect(readFileSync(file, 'utf8')).not.toMatch(/^HOME=/m);
  });

  it.each([
    [['sh', '-c', 'exit 3'], 'the command exited with 3'],
    [['sh', '-c', 'kill -TERM $$'], 'the command was ended by SIGTERM'],
    [['/nowhere/at-all'], 'the command cannot be started (ENOENT)'],
    [['/etc/passwd'], 'the command cannot be started (EACCES)'],
    [['/etc/passwd/tell'], 'the command cannot be started (ENOTDIR)'],
  ])('runCommand(%j) resolves to what went wrong: %s', async (command, words) => {
    expect(await run(command)).toBe(words);
  });

  it('runCommand() resolves where a name or an argument is longer than the system takes', async () => {
    expect(await run([`/${'x'.repeat(300)}`])).toBe('the command cannot be started (ENAMETOOLONG)');
    expect(await run(['true', 'x'.repeat(129 * 1024)])).toBe('the command cannot be started (E2BIG)');
  });

  it('runCommand() resolves where no file descriptor is left', async () => {
    const script = await bundle(
      join(tempDir(), 'none-left.mjs'),
      `
      import { openSync } from 'node:fs';
      import { runCommand } from ${JSON.stringify(`${process.cwd()}/src/command/run-command.ts`)};
      try { for (;;) openSync('/dev/null'); } catch {}
      const { signal } = new AbortController();
      process.stdout.write(String(await runCommand(['true'], { input: 'x', timeoutMs: 5000, signal, env: {} })));
      `,
    );
    const { stdout } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, script]);
    expect(stdout.toString()).toBe('the command cannot be started (EMFILE)');
  });

  it('runCommand() does not mind a command that reads nothing', async () => {
    expect(await run(['true'], { input: 'x'.repeat(1_000_000) })).toBe(undefined);
  });

  it('runCommand() does not wait for the output of a command, however much that is', async () => {
    expect(await run(['sh', '-c', 'head -c 10000000 /dev/zero'])).toBe(undefined);
  });

  it('runCommand() kills a command whose time is over', async () => {
    expect(await run(['sleep', '60'], { timeoutMs: 20 })).toBe('the command took longer than 20ms');
  });

  it('runCommand() kills with a command what it has started', async () => {
    const file = join(tempDir(), 'started');
    const script = 'sleep 60 & echo $! > "$0.new"; mv "$0.new" "$0"; wait';
    const cut = new AbortController();
    const ended = run(['sh', '-c', script, file], { signal: cut.signal });
    await vi.waitFor(() => expect(existsSync(file)).toBe(true), 9_000);
    cut.abort();
    expect(await ended).toBe('the command was ended by SIGKILL');
    const pid = Number(readFileSync(file, 'utf8'));
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 5_000);
  });

  it('runCommand() kills a command that is cut off, and starts none after that', async () => {
    const cut = new AbortController();
    const ended = run(['sleep', '60'], { signal: cut.signal });
    setTimeout(() => cut.abort(), 20);
    expect(await ended).toBe('the command was ended by SIGKILL');
    const file = join(tempDir(), 'never');
    expect(await run(['touch', file], { signal: cut.signal })).toBe('there was no time left for the command');
    expect(existsSync(file)).toBe(false);
  });

  it('runCommand() does not wait for what a command leaves behind', async () => {
    const file = join(tempDir(), 'script');
    writeFileSync(file, 'sleep 5 &\n');
    expect(await run(['sh', file], { timeoutMs: 4_000 })).toBe(undefined);
  });
});

/**
 * Where the spools of the benchmark are: an ext4 of its own, with a journal,
 * in a loop file. An ext4 without a journal creates files many times slower
 * after mass deletions, and would tell more of that than of anything else.
 * The file is written over once, so that the disk under it has nothing to
 * allocate while something is measured.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCommand } from './commands.mjs';
import { cleanEnv } from './env.mjs';

const chunk = 64 * 2 ** 20;

/**
 * Makes the places that lines measure on.
 * @param {number} megabytes the size of the ext4
 * @returns {{ disk: Place, memory?: Place }}
 * @typedef {{ path: string, on: 'ext4' | 'temp' | 'shm', words: string }} Place
 */
export function makeDisks(scope, megabytes) {
  const work = mkdtempSync(join(tmpdir(), 'capnhook-bench-'));
  chmodSync(work, 0o755); // PostgreSQL runs as another user
  scope.defer(() => rmSync(work, { recursive: true, force: true }));
  const why = whyNot(work, megabytes);
  if (why === undefined) return { disk: mountLoop(scope, work, megabytes), ...memory(scope) };
  console.error(`bench: measuring in a temporary directory, not on an ext4 of its own: ${why}`);
  const path = join(work, 'disk');
  mkdirSync(path);
  return { disk: { path, on: 'temp', words: `a temporary directory (${typeOf(path)})` }, ...memory(scope) };
}

/** Why there can be no ext4 in a loop file; undefined if there can. */
function whyNot(work, megabytes) {
  if (process.getuid?.() !== 0) return 'only root can mount one';
  if (findCommand('mkfs.ext4') === undefined) return 'mkfs.ext4 is missing (Debian package e2fsprogs)';
  const { bavail, bsize } = statfsSync(work);
  if (bavail * bsize < 1.2 * megabytes * 2 ** 20) return `${megabytes} MB are not free`;
  return undefined;
}

function mountLoop(scope, work, megabytes) {
  const image = join(work, 'disk.img');
  const path = join(work, 'disk');
  const fd = openSync(image, 'w');
  for (let written = 0; written < megabytes * 2 ** 20; written += chunk) writeSync(fd, Buffer.alloc(chunk));
  closeSync(fd);
  mkdirSync(path);
  // Everything is initialised now: what is put off would be done while something is measured.
  const features = ['-O', 'has_journal', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard'];
  run(['mkfs.ext4', '-q', '-F', '-N', '400000', ...features, image]);
  run(['mount', '-o', 'loop', image, path]);
  scope.defer(() => unmount(path));
  chmodSync(path, 0o755);
  return {
    path,
    on: 'ext4',
    words: `ext4 with a journal, ${megabytes} MB in a loop file on ${typeOf(work)}`,
  };
}

async function unmount(path) {
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      run(['umount', path]);
      return;
    } catch {
      await sleep(250); // a process that was ended may still hold it
    }
  }
  run(['umount', '-l', path]);
}

/** A directory in memory, if there is such a file system: it shows the CPU alone. */
function memory(scope) {
  if (!existsSync('/dev/shm') || typeOf('/dev/shm') !== 'tmpfs') return {};
  const path = mkdtempSync('/dev/shm/capnhook-bench-');
  scope.defer(() => rmSync(path, { recursive: true, force: true }));
  return { memory: { path, on: 'shm', words: 'tmpfs (/dev/shm)' } };
}

function typeOf(path) {
  const type = execFileSync('stat', ['-f', '-c', '%T', path], { encoding: 'utf8' }).trim();
  return type === 'ext2/ext3' ? 'ext4' : type;
}

/** Everything written so far is on the disk; so what is measured next does not pay for it. */
export function settleDisk(path) {
  run(['sync', '-f', path]);
}

function run([program, ...args]) {
  execFileSync(program, args, { env: cleanEnv(), stdio: ['ignore', 'ignore', 'pipe'] });
}

/**
 * File systems of a test's own, in a mount namespace that ends with the test,
 * however that ends: the process that holds it reads from a pipe, which is
 * closed when the test's process is gone. It is the first of a PID namespace
 * too, so that what a mount has left running (FUSE) ends with it. With the last
 * process the mounts go, and with them the loop devices.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { World } from '../../support/world.js';
import type { Needs } from './needs.js';

/** What a test needs that mounts something; add what makes the file system. */
export const mountNeeds: Required<Pick<Needs, 'root' | 'mounts' | 'commands'>> = {
  root: true,
  mounts: true,
  commands: ['unshare', 'nsenter', 'mount'],
};

/** What a test needs that mounts an image. */
export const imageNeeds: Required<Omit<Needs, 'files'>> = {
  ...mountNeeds,
  loop: true,
  commands: [...mountNeeds.commands, 'losetup'],
};

export interface Mounts {
  /** Stands before a command that is to see what is mounted. */
  readonly prefix: readonly string[];
  /** Runs a script of `sh` that sees it, and returns what it printed; throws if it fails. */
  sh(script: string): Promise<string>;
  /** How this process, which does not see what is mounted, reads a path behind it. */
  outside(path: string): string;
}

/** Makes the namespace; nothing is mounted in it yet. */
export async function createMounts(world: World): Promise<Mounts> {
  const holder = spawn('unshare', ['--mount', '--pid', '--fork', 'sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    holder.stdin.end();
    if (holder.exitCode === null) await once(holder, 'close');
  });
  const ready = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
  if (!Buffer.isBuffer(ready[0]))
    throw new Error(`unshare ended with ${ready[0]}: nothing can be mounted here`);
  holder.stdout.resume();
  const enter = ['nsenter', `--target=${holder.pid}`, '--mount'];
  const prefix = [...enter, '--'];
  const within = [...enter, `--pid=/proc/${holder.pid}/ns/pid_for_children`, '--'];
  return {
    prefix,
    async sh(script) {
      const { code, stdout, stderr } = await world.exec('sh', ['-euc', script], { prefix: within });
      if (code !== 0) throw new Error(`${script}: it ended with ${code}: ${stderr || stdout}`);
      return stdout;
    },
    outside: (path) => `/proc/${holder.pid}/root${path}`,
  };
}

/** How an image is made and mounted. */
export interface ImageOptions {
  megabytes: number;
  /** Makes the file system; the image's path is added. */
  mkfs: string;
  /** Options of `mount`, beside `loop`. */
  options?: string;
}

/** An image with a file system, mounted through a loop device. */
export interface ImageDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** Makes the disk forget what it was not told to keep, and whoever uses it fail from now on. */
  cut(): Promise<void>;
  /** Mounts it anew; nobody may be using it. */
  remount(): Promise<void>;
}

/** Makes an image and mounts it. The file takes no more of the disk than is written to it. */
export async function mountImage(
  world: World,
  mounts: Mounts,
  { megabytes, mkfs, options }: ImageOptions,
): Promise<ImageDisk> {
  const image = `${world.root}/disk.img`;
  const path = `${world.root}/disk`;
  const mount = `mount -o ${['loop', options].filter(Boolean).join()} ${image} ${path}`;
  mkdirSync(path);
  const fd = openSync(image, 'w');
  ftruncateSync(fd, megabytes * 2 ** 20);
  closeSync(fd);
  await mounts.sh(`${mkfs} ${image} >&2; ${mount}`);
  return {
    path,
    async cut() {
      // FS_IOC_SHUTDOWN with NOLOGFLUSH, which is what xfs_io does unless it is given -f.
      await mounts.sh(`xfs_io -x -c shutdown ${path}`);
    },
    async remount() {
      await mounts.sh(`umount ${path}; ${mount}`);
    },
  };
}

/** What a test needs of the machine, and whether it has it: not by who runs the test, but by trying. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';

export interface Needs {
  /** Whether it changes owners, or makes devices. */
  root?: boolean;
  /** Whether it mounts something, in a namespace of its own. */
  mounts?: boolean;
  /** Whether what it mounts is an image. */
  loop?: boolean;
  /** Commands in the `PATH`: `strace`, `mkfs.ext4`, … Of one that makes a file system, the kernel must know that, too. */
  commands?: readonly string[];
  /** Files of the system: `/dev/fuse`, … */
  files?: readonly string[];
}

/** The first thing that the machine has not, in words; undefined if it has all. */
export function missingOf({ root, mounts, loop, commands = [], files = [] }: Needs): string | undefined {
  if (root && process.getuid?.() !== 0) return 'root';
  const command = commands.find((name) => !isCommand(name));
  if (command !== undefined) return command;
  if (mounts && !canMount()) return 'right to mount';
  if (loop && !isWritable('/dev/loop-control')) return 'loop device';
  const unknown = loop ? fileSystemsOf(commands).find((name) => !knowsFileSystem(name)) : undefined;
  return unknown ?? files.find((path) => !existsSync(path));
}

function isCommand(name: string): boolean {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.some((directory) => existsSync(join(directory, name)));
}

let mounting: boolean | undefined;

/** Whether this process may have a mount namespace of its own. */
function canMount(): boolean {
  mounting ??=
    spawnSync('unshare', ['--mount', '--pid', '--fork', 'true'], { stdio: 'ignore', timeout: 10_000 })
      .status === 0;
  return mounting;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The file systems that are made with these commands and mounted by the kernel; others are by FUSE. */
function fileSystemsOf(commands: readonly string[]): string[] {
  return ['ext4', 'xfs'].filter((name) => commands.includes(`mkfs.${name}`));
}

/** Whether it is there, or a module that a mount would load. */
function knowsFileSystem(name: string): boolean {
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  return (
    read('/proc/filesystems').split(/\s+/).includes(name) ||
    read(`/lib/modules/${release()}/modules.dep`).includes(`/${name}.ko`)
  );
}

/**
 * The system calls of capnhook_fire, which are those of a shell and of the programs that it starts. strace counts
 * them for each process alone, so that a fault is aimed at one program, by its name and by which start of it it is.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellenv } from '../../support/shells.js';
import type { World } from '../../support/world.js';

/** Every call that can change a spool, or give a way into it. `cat` copies within the kernel where it can. */
const shellCalls: readonly string[] = [
  ...['openat', 'write', 'copy_file_range', 'fsync', 'fdatasync', 'sync', 'ftruncate'],
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'unlink', 'unlinkat'],
];

/** An environment in which the next event's temporary file has a name that is known, and that file's path. */
export function withKnownName(world: World, number: number): { SHELLENV: string; temporary: string } {
  const random = number.toString(16).padStart(12, '0');
  const uuid = world.file(
    `uuid-${number}`,
    `${random.slice(0, 8)}-${random.slice(8)}-4000-8000-0123456789ab\n`,
  );
  return {
    SHELLENV: shellenv().replaceAll('/proc/sys/kernel/random/uuid', uuid),
    temporary: join(world.spool, 'tmp', `${random}0123456789ab`),
  };
}

/** What stands before a command so that strace writes down its calls on these paths, and those of its children. */
export function traceOn(paths: readonly string[], trace: string, ...more: readonly string[]): string[] {
  const calls = shellCalls.map((call) => `?${call}`).join(',');
  const listening = ['strace', '-f', '--seccomp-bpf', '-qq', '-y', '-o', trace, '-e', `trace=${calls}`];
  return [...listening, '-e', 'signal=none', ...paths.flatMap((path) => ['-P', path]), ...more];
}

/** The calls in a trace so far, by name and, without what is random, by path. */
export function callsIn(trace: string): string[] {
  const text = existsSync(trace) ? readFileSync(trace, 'utf8') : '';
  return [...text.matchAll(/^\d+ +(\w+)\(.*\) += /gm)].map(([line, name]) => {
    const room = /\/spool\/(\w+)/.exec(line)?.[1];
    return `${name} ${room}${/O_\w*CREAT\|O_\w+|O_WRONLY/.exec(line)?.[0] ?? ''}`;
  });
}

/** What happens to a program when it is started for the `nth` time; where there is no number, each time. */
export interface ProgramFault {
  program: string;
  nth?: number;
  /** Lines of `sh`, in which `"$real" "$@"` runs the program. */
  script: string;
}

/** A `PATH` in which that happens to a program. */
export function pathWithFault(world: World, { program, nth, script }: ProgramFault): string {
  const directory = join(world.root, `faulty-${program}`);
  const count = `${directory}.count`;
  writeFileSync(count, '');
  const at = nth === undefined ? ':' : `[ "$(wc -c < '${count}')" -eq ${nth} ]`;
  const lines = [
    '#!/bin/sh',
    `PATH='${process.env.PATH}' real=${program}`,
    `printf . >> '${count}'`,
    `if ${at}; then`,
    script,
    'else',
    'exec "$real" "$@"',
    'fi',
  ];
  const path = world.file(`faulty-${program}/${program}`, `${lines.join('\n')}\n`);
  chmodSync(path, 0o755);
  return `${directory}:${process.env.PATH}`;
}

/** A program whose calls by a name fail. */
export function failing(call: string, errno: string, when = '1+'): string {
  return `exec strace -qq -o /dev/null -e trace=${call} -e inject=${call}:error=${errno}:when=${when} "$real" "$@"`;
}

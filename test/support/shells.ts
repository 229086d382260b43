/** The shells that capnhook_fire is made for, with it in them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'vitest';
import { init } from '../../src/library/init.js';
import { bin, createWorld, type Ended, node, type RunOptions, type World } from './world.js';

export interface Shell {
  name: string;
  /** Runs a script that stands behind it. */
  command: readonly [program: string, ...args: string[]];
}

export const shells: readonly Shell[] = [
  { name: 'dash', command: ['dash', '-c'] },
  { name: 'bash', command: ['bash', '--norc', '-c'] },
  { name: 'busybox ash', command: ['busybox', 'ash', '-c'] },
  { name: 'zsh', command: ['zsh', '-f', '-c'] },
];

type Run = () => Promise<void> | void;

/** Whether it is on this machine. */
export function isHere({ command: [program] }: Shell): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, program)));
}

/** Vitest's `test`, skipped with a word where the shell is missing; in CI it fails there. */
export function testIn(shell: Shell): (what: string, run: Run) => void {
  const { name } = shell;
  if (isHere(shell)) return (what, run) => test(`${name}: ${what}`, run);
  if (process.env.CI === undefined) return (what, run) => test.skip(`${name}: ${what} (it is not here)`, run);
  return (what) =>
    test(`${name}: ${what}`, () => {
      throw new Error(`this machine has no ${name}, and in CI the test must run`);
    });
}

let printed: string | undefined;

/** What `capnhook shellenv` prints; it is asked once. */
export function shellenv(): string {
  printed ??= execFileSync(node, [bin, 'shellenv'], { encoding: 'utf8' });
  return printed;
}

/** Runs a script behind `eval "$(capnhook shellenv)"`. There is no `capnhook` in the `PATH`. */
export function runIn(
  { command: [program, ...args] }: Shell,
  world: World,
  script: string,
  options: RunOptions = {},
): Promise<Ended> {
  const env = { SHELLENV: shellenv(), ...options.env };
  return world.exec(program, [...args, `eval "$SHELLENV"\n${script}`], { ...options, env });
}

/** A world with a spool, and a payload. */
export async function withSpool(): Promise<World> {
  const world = createWorld();
  world.file('p.json', '1');
  await init({ spool: world.spool });
  return world;
}

/** Puts scripts into a directory of their own, and gives the `PATH` that begins with it. */
export function pathWith(world: World, scripts: Readonly<Record<string, string>>): string {
  for (const [name, script] of Object.entries(scripts))
    chmodSync(world.file(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o755);
  return `${world.root}/bin:${process.env.PATH}`;
}

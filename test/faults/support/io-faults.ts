/** Faults of system calls, by strace. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended, World } from '../../support/world.js';
import { isLong } from './measure.js';
import { aimAt, type Call, type Injection, readCalls, sameNames, spoolCalls, strace } from './strace.js';

/** Calls that are made to fail. */
const breakable = /^(openat|write|pwrite64|fsync|rename|link|mkdir)/;

/** What each of them fails with. */
export const errnos = ['ENOSPC', 'EIO', 'EMFILE', 'EDQUOT'] as const;

/** One fault of one run. */
export interface Fault {
  errno: (typeof errnos)[number];
  /** The call that is hit, and together with it all of its name after it, or that one alone. */
  call: Call;
  forGood: boolean;
  /** The call in words. */
  name: string;
}

/** Each call fails with each errno: once, and together with all of its name after it. */
export function faultsAt(calls: readonly Call[]): Fault[][] {
  return calls
    .filter(({ name }) => breakable.test(name))
    .map((call) =>
      [false, true].flatMap((forGood) =>
        errnos.map((errno) => {
          const name = `${errno} at ${call.shape} (${call.at?.nth ?? call.nth}${forGood ? ', for good' : ''})`;
          return { errno, call, forGood, name };
        }),
      ),
    );
}

/** In the short form `count` faults of each call, other ones for each call; in the long form all. */
export function someOf(faults: readonly Fault[][], count: number): Fault[] {
  if (isLong) return faults.flat();
  return faults.flatMap((each, call) =>
    Array.from({ length: count }, (_, n) => each[(call * 3 + n * 5) % each.length]).filter(
      (fault) => fault !== undefined,
    ),
  );
}

/** A command that ran below strace. */
export interface Faulted extends Ended {
  /** Those that concern the spool; where one is hit by its path, those alone that concern it. */
  calls: readonly Call[];
}

/**
 * Runs a command below strace.
 *
 * @param clean the calls of a run without faults
 */
export async function runFaulted(
  world: World,
  args: readonly string[],
  { fault, clean }: { fault?: Fault; clean?: readonly Call[] } = {},
): Promise<Faulted> {
  const trace = join(world.root, 'faulted');
  rmSync(trace, { force: true });
  const inject = fault && injectionOf(world, fault, clean ?? []);
  const prefix = strace({ trace, calls: spoolCalls, inject });
  const ended = await world.run(args, { prefix, env: sameNames(world) });
  return { ...ended, calls: readCalls(trace, world.spool, args[0] === 'fire' ? newEvent : undefined) };
}

/** The option of strace by which a fault is made. */
export function injectionOf(
  world: World,
  { errno, call, forGood }: Fault,
  clean: readonly Call[],
): Injection {
  const effect = `error=${errno}`;
  return aimAt(call, { effect, spool: world.spool, forGood: forGood ? clean : undefined });
}

/** The process id of the drain: strace stands between it and the test. */
export function holderOf(world: World): number {
  return (JSON.parse(readFileSync(join(world.spool, 'lock'), 'utf8')) as { pid: number }).pid;
}

/** The longest time that a command takes below strace on a busy machine, in ms. */
export const longestMs = 45_000;

/** The id of an event that is fired now tells the time. */
const newEvent = /^incoming\/evt_/;

/** Commands that are killed by strace at one of their system calls. */
import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { World } from '../../support/world.js';
import { aimAt, type Call, readCalls, sameNames, strace } from './strace.js';

/** The id of an event that is fired now tells the time. */
const newEvent = /^incoming\/evt_/;

function varyingIn([command]: readonly string[]): RegExp | undefined {
  return command === 'fire' ? newEvent : undefined;
}

/** The calls of a run without faults that concern the spool. @param exit the exit code of such a run */
export async function record(world: World, args: readonly string[], exit = 0): Promise<Call[]> {
  const trace = `${world.root}/recorded`;
  const prefix = strace({ trace, kills: true });
  expect(await world.run(args, { prefix, env: sameNames(world) })).toMatchObject({ code: exit });
  return readCalls(trace, world.spool, varyingIn(args));
}

/** Runs a command that is killed at a call; resolves to what it was about to do, or undefined if it ended before by `exit`. */
export async function runKilled(
  world: World,
  args: readonly string[],
  call: Call,
  exit = 0,
): Promise<string | undefined> {
  const trace = `${world.root}/killed`;
  rmSync(trace, { force: true });
  // What an earlier one has left there is swept when it is old; with the same names it would be in the way.
  for (const name of world.names('tmp')) rmSync(`${world.spool}/tmp/${name}`);
  const inject = aimAt(call, { effect: 'signal=KILL', spool: world.spool });
  const { code } = await world.run(args, { prefix: strace({ trace, inject }), env: sameNames(world) });
  if (code === 'SIGKILL')
    return readCalls(trace, world.spool, varyingIn(args)).at(-1)?.shape ?? 'another call';
  expect(code).toBe(exit);
  return undefined;
}

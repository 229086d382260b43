/** A spool that several users share. */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { expect } from 'vitest';
import { createWorld, type Ended, type World } from '../../support/world.js';
import { type Answering, startAnswering } from './answering.js';
import type { Needs } from './needs.js';

const group = 20_010;

/** The users of it, by user id. */
export const users = { drain: 20_001, submitter: 20_002, other: 20_003, root: 0 };
type User = keyof typeof users;

/** What a test with several users needs. */
export const needs: Needs & { commands: readonly string[] } = { root: true, commands: ['setpriv'] };

export interface Shared {
  readonly world: World;
  readonly spool: string;
  /** The receivers of the two endpoints. */
  readonly a: Answering;
  readonly b: Answering;
  answer(status: number): void;
  /** A path in `incoming/`. */
  incoming(name: string): string;
  /** Runs a script in the spool as that user; a directory `own` beside it is the submitter's. */
  as(user: User, script: string): Promise<Ended>;
  drain(...args: string[]): Promise<Ended>;
}

/** A spool of one user's, who drains it, shared with a group that the others belong to. */
export async function shareSpool(owner: 'drain' | 'root' = 'drain'): Promise<Shared> {
  const world = createWorld();
  world.openToOthers();
  const home = `${world.root}/shared`;
  const spool = `${home}/spool`;
  mkdirSync(home);
  chownSync(home, users[owner], group);
  world.file('shared/private', '{"hook":"load","payload":"private"}');
  chownSync(`${home}/private`, users[owner], group);
  chmodSync(`${home}/private`, 0o600);
  const a = await startAnswering(world);
  const b = await startAnswering(world);
  world.hooks(`
hooks: {"**": [a, b]}
endpoints: {a: "${a.url}", b: "${b.url}"}
defaults: {retry: {schedule: [1ms], jitter: 0}}
`);
  const env = { CAPNHOOK_SPOOL: spool };
  const as: Shared['as'] = (user, script) =>
    world.sh(`cd ${spool}; ${script}`, { prefix: prefixOf(user), env });
  const init = await world.run(['init', '--shared', '--group', `${group}`], {
    prefix: prefixOf(owner),
    env,
  });
  expect(init).toMatchObject({ code: 0 });
  mkdirSync(`${spool}/own`);
  chownSync(`${spool}/own`, users.submitter, group);
  return {
    world,
    spool,
    a,
    b,
    answer(status) {
      a.status = status;
      b.status = status;
    },
    incoming: (name) => `${spool}/incoming/${name}`,
    as,
    drain: (...args) => world.run(['drain', ...args], { prefix: prefixOf(owner), env }),
  };
}

/** The command that runs another one as that user. */
export function prefixOf(user: User): readonly string[] {
  const regid = user === 'root' ? 0 : group;
  return ['setpriv', `--reuid=${users[user]}`, `--regid=${regid}`, '--clear-groups'];
}

/** A spool on a file system of the test's own, with one endpoint, `here`, that a test makes fail and work again. */
import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import type { Ended, RunOptions, World } from '../../support/world.js';
import { type Answering, startAnswering } from './answering.js';
import type { Mounts } from './mounts.js';
import { type Ledger, problemsOf, readLedger } from './oracle.js';

export interface MountedSpool {
  readonly path: string;
  /** Its path as this process sees it. */
  readonly seen: string;
  readonly receiver: Answering;
  /** The payloads that were accepted, by event id; what is put into `incoming/` by other ways is added by the test. */
  readonly accepted: Map<string, string>;
  /** Runs `capnhook …` on this spool. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Writes a hooks file that sends everything to `here`, as it is from the beginning. */
  register(): void;
  /** Writes one that sends nothing to nobody. */
  deregister(): void;
  /** Fires an event for each id, which is accepted. */
  fire(...ids: string[]): Promise<void>;
  /** The names in one of its directories, sorted. */
  names(room: string): string[];
  ledger(): Ledger;
  /** What the oracle has to say. */
  problems(): string[];
}

/** @param path where the spool is, or will be made by the first command that needs it */
export async function useMountedSpool(world: World, mounts: Mounts, path: string): Promise<MountedSpool> {
  const receiver = await startAnswering(world);
  const register = (): void =>
    world.hooks(`
hooks: {"**": here}
endpoints: {here: "${receiver.url}"}
defaults: {retry: {schedule: [${Array(20).fill('1ms').join()}], jitter: 0}}
`);
  register();
  const accepted = new Map<string, string>();
  const seen = mounts.outside(path);
  const run: MountedSpool['run'] = (args, options) =>
    world.run([...args, '--spool', path], { prefix: mounts.prefix, ...options });
  return {
    path,
    seen,
    receiver,
    accepted,
    run,
    register,
    deregister: () => world.hooks('hooks: {}\ndefaults: {hold: {keep: 0s}}\n'),
    async fire(...ids) {
      for (const id of ids) {
        const payload = `{"of": "${id}"}`;
        expect(await run(['fire', 'load', '-d', payload, '--id', id])).toMatchObject({ code: 0, stderr: '' });
        accepted.set(id, payload);
      }
    },
    names: (room) => readdirSync(`${seen}/${room}`).sort(),
    ledger: () => readLedger(seen),
    problems: () => problemsOf({ spool: seen, accepted, received: { here: receiver.delivered } }),
  };
}

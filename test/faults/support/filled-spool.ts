/** A spool in which everything waits that an intake can meet, to be copied for each run of a test. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fire, fireBatch } from '../../../src/library/fire.js';
import { tempDir } from '../../support/temp.js';
import { createWorld, type World } from '../../support/world.js';
import { type Arrival, type Endpoints, type EndpointsOptions, startEndpoints } from './endpoints.js';

/** Receivers of every event. */
const endpointNames: readonly string[] = ['a', 'b', 'c'];

/** The name of the file in `incoming/` that is no event, and goes to `corrupt/`. */
const tornName = 'torn.json';

export interface FilledSpool {
  root: string;
  /** The payloads that wait, by event id. */
  accepted: ReadonlyMap<string, string>;
}

/** 20 events: single ones, a batch, and one that a shell dropped under another name than its id; beside them a torn file. */
export async function fillSpool(): Promise<FilledSpool> {
  const root = join(tempDir(), 'spool');
  const accepted = new Map<string, string>();
  for (let n = 1; n <= 13; n += 1) {
    const payload = `{"n": ${n}.0, "text": "${'x'.repeat(n * 10)}"}`;
    const { id } = await fire('load', Buffer.from(payload), { spool: root });
    accepted.set(id, payload);
  }
  const lines = Array.from({ length: 6 }, (_, n) => `{"line":${n + 1}}`);
  await fireBatch('load', Buffer.from(lines.join('\n')), { spool: root, id: 'batch' });
  for (const [index, line] of lines.entries()) accepted.set(`batch_${index + 1}`, line);
  writeFileSync(join(root, 'incoming/by-a-shell.json'), '{"id":"dropped","hook":"load","payload":"shell"}');
  accepted.set('dropped', '"shell"');
  writeFileSync(join(root, 'incoming', tornName), '{"hook":"load","payload":');
  return { root, accepted };
}

/** One delivery is rejected at first, so that it goes by way of `retry/`. */
export function rejectOnce({ endpoint, id, nth }: Arrival): number {
  return endpoint === 'c' && id === 'batch_3' && nth === 1 ? 400 : 204;
}

/** A world whose spool is a copy of the filled one, and whose hooks file sends every event to three endpoints. */
export async function worldOf(
  filled: FilledSpool,
  options: Omit<EndpointsOptions, 'names'> = {},
): Promise<{ world: World; endpoints: Endpoints }> {
  const world = createWorld();
  mkdirSync(dirname(world.spool), { recursive: true });
  cpSync(filled.root, world.spool, { recursive: true });
  const endpoints = await startEndpoints({ names: endpointNames, ...options });
  world.hooks(endpoints.hooks);
  return { world, endpoints };
}

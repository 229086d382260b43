/** The events that wait in a spool. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './world.js';

/** An event in `incoming/`. */
export interface Waiting {
  hook: string;
  payload: Record<string, unknown>;
}

/** What waits in `incoming/`, oldest first. */
export function waitingIn({ spool, names }: World): Waiting[] {
  return names('incoming').map((name) => {
    const { hook, payload } = JSON.parse(readFileSync(join(spool, 'incoming', name), 'utf8')) as Waiting;
    return { hook, payload };
  });
}

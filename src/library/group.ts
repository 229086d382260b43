import { readFile } from 'node:fs/promises';
import { CapnhookError } from '../shared/errors.js';

/** The largest one that chown(2) takes; the one above it means none. */
const MAX_ID = 2 ** 32 - 2;

/**
 * A group's number, from `/etc/group` (group(5)); a number stands for itself.
 * @throws CapnhookError `USAGE`
 */
export async function groupId(name: string): Promise<number> {
  if (/^\d+$/.test(name) && Number(name) <= MAX_ID) return Number(name);
  for (const line of (await readFile('/etc/group', 'utf8')).split('\n')) {
    const [known, , id = ''] = line.split(':');
    if (known === name && /^\d+$/.test(id)) return Number(id);
  }
  throw new CapnhookError('USAGE', `Cannot share the spool: there is no group ${JSON.stringify(name)}`, {
    hint: "Make it first (groupadd), or give the group's number.",
  });
}

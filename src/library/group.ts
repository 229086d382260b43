import { readFile } from 'node:fs/promises';
import { CapnhookError } from '../shared/errors.js';

/**
 * A group's number, from `/etc/group` (group(5)); a number stands for itself.
 * @throws CapnhookError `USAGE`
 */
export async function groupId(name: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  for (const line of (await readFile('/etc/group', 'utf8')).split('\n')) {
    const [known, , id] = line.split(':');
    if (known === name) return Number(id);
  }
  throw new CapnhookError('USAGE', `Cannot share the spool: there is no group ${JSON.stringify(name)}`, {
    hint: "Make it first (groupadd), or give the group's number.",
  });
}

/** What is owed, read from the directories without any lock; an endpoint at a time. */
import type { EndpointBacklog } from '../../spool.js';
import { countOwed, listSegments } from '../batch/segment.js';
import type { Disk } from '../disk/disk.js';
import { listNames } from '../disk/list-names.js';
import { readHealth } from './health-files.js';

/** The endpoints of which anything is known, also the name of what is dead and was not routed. @throws as {@link readBacklog} */
export function listEndpoints(disk: Disk, root: string): Set<string> {
  const endpoints = new Set<string>();
  for (const room of ['queue', 'retry', 'dead'])
    for (const name of listNames(disk, `${root}/${room}`)) endpoints.add(name);
  for (const name of listNames(disk, `${root}/endpoints`))
    if (name.endsWith('.json')) endpoints.add(name.slice(0, -'.json'.length));
  return endpoints;
}

/** @throws the errno of a directory that cannot be listed */
export async function* readBacklog(disk: Disk, root: string, only?: string): AsyncGenerator<EndpointBacklog> {
  const endpoints = listEndpoints(disk, root);
  const wanted =
    only === undefined ? [...endpoints].sort() : [only].filter((endpoint) => endpoints.has(endpoint));
  for (const endpoint of wanted) {
    const queue = `${root}/queue/${endpoint}`;
    const waiting = listSegments(disk, queue).reduce(
      (sum, name) => sum + countOwed(disk, `${queue}/${name}`),
      0,
    );
    yield {
      endpoint,
      waiting,
      retrying: listNames(disk, `${root}/retry/${endpoint}`).length,
      dead: listNames(disk, `${root}/dead/${endpoint}`).filter((name) => !name.endsWith('.why.json')).length,
      health: readHealth(disk, root, endpoint),
    };
  }
}

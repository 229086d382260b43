import type { Disk } from '../disk/disk.js';
import { eachName } from '../disk/each-name.js';

/** Maximum number of names. */
const maxNames = 65_536;

/**
 * The first names of a directory in their order, which is that of the events' times where their ids were made by us.
 * @param most how many; default 65,536
 * @throws the errno of a directory that cannot be listed
 */
export function oldestNames(disk: Disk, path: string, most: number = maxNames): string[] {
  let names: string[] = [];
  eachName(disk, path, (name) => {
    names.push(name);
    if (names.length >= 2 * most) names = names.sort().slice(0, most);
  });
  return names.sort().slice(0, most);
}

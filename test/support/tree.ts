import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every entry below a directory by its path, directories ending with `/`: what it is, and what a file holds. */
export function treeOf(directory: string, below = ''): Map<string, string> {
  const tree = new Map<string, string>();
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) {
      tree.set(`${below}${name}/`, `${stat.mtimeMs}`);
      for (const [key, value] of treeOf(path, `${below}${name}/`)) tree.set(key, value);
    } else {
      const content = stat.isFile() && stat.size < 2 ** 24 ? readFileSync(path, 'utf8') : '';
      tree.set(`${below}${name}`, `${stat.ino} ${stat.size} ${stat.mtimeMs} ${content}`);
    }
  }
  return tree;
}

/** The files below a directory that hold a text, or have it in their path. */
export function filesWith(directory: string, text: string): string[] {
  return [...treeOf(directory)].filter((entry) => entry.join('\n').includes(text)).map(([path]) => path);
}

/** The data of a hooks file, without offsets and comments. Edits are verified by comparing it. */
import type { Tree } from '../parse/yaml-tree.js';

/** A value. A map is a list of pairs, so that order counts and no key is special. */
export type Data = unknown | Data[] | DataMap;
export interface DataMap {
  pairs: [string, Data][];
}

/** The items to remove, by hook: indexes in the file's order. */
export type Removal = ReadonlyMap<number, ReadonlySet<number>>;

/** The data of a tree; an empty file is an empty map. */
export function toData(tree: Tree | undefined): Data {
  if (tree === undefined) return { pairs: [] };
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(toData);
  return { pairs: tree.entries.map(({ key, value }) => [key, toData(value)]) };
}

/** Adds an item to the end of a hook's list. */
export function withItem(data: Data, hook: string, item: string): Data {
  return withValue(data, 'hooks', (hooks) => withValue(hooks, hook, (items) => [...listOf(items), item]));
}

/** Removes items, and hooks that have none left. */
export function withoutItems(data: Data, removal: Removal): Data {
  const keep = ([hook, items]: [string, Data], index: number): [string, Data][] => {
    const removed = removal.get(index);
    if (removed === undefined) return [[hook, items]];
    const left = listOf(items).filter((_, item) => !removed.has(item));
    return left.length === 0 ? [] : [[hook, left]];
  };
  return withValue(data, 'hooks', (hooks) => ({ pairs: (hooks as DataMap).pairs.flatMap(keep) }));
}

/** Formats data as a YAML flow value on one line. */
export function flowText(data: Data): string {
  if (Array.isArray(data)) return `[${data.map(flowText).join(', ')}]`;
  if (typeof data !== 'object' || data === null) return JSON.stringify(data);
  return `{${(data as DataMap).pairs.map(([key, value]) => `${JSON.stringify(key)}: ${flowText(value)}`).join(', ')}}`;
}

function withValue(map: Data, key: string, change: (value: Data) => Data): DataMap {
  const pairs = (map as DataMap | null)?.pairs ?? [];
  const value = pairs.find(([name]) => name === key)?.[1] ?? null;
  const changed: [string, Data] = [key, change(value)];
  const exists = pairs.some(([name]) => name === key);
  return { pairs: exists ? pairs.map((pair) => (pair[0] === key ? changed : pair)) : [...pairs, changed] };
}

/** A hook's items as a list; the file may have a list, a single item, or nothing. */
function listOf(items: Data): Data[] {
  if (Array.isArray(items)) return items;
  return items === null ? [] : [items];
}

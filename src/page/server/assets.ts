/** The page's own files: scripts, style, icon. They are built into `dist/page/` and hold no data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of the page. */
export interface Asset {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Their names, with their types. */
const types: Readonly<Record<string, string>> = {
  'page.js': 'text/javascript; charset=utf-8',
  'enter.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Gives files by name, each read once; undefined for any other name. */
export function createAssets(directory: string): (name: string) => Asset | undefined {
  const read = new Map<string, Asset>();
  return (name) => {
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) return undefined;
    const known = read.get(name);
    if (known !== undefined) return known;
    const asset = { type, bytes: new Uint8Array(readFileSync(join(directory, name))) };
    read.set(name, asset);
    return asset;
  };
}

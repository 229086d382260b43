/** A home of a test's own, in which commands run in this process. */
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Ran, type RecordingIoOptions, runCommand } from './io.js';
import { tempDir } from './temp.js';

export interface Place {
  readonly root: string;
  readonly spool: string;
  readonly config: string;
  readonly env: Record<string, string | undefined>;
  /** Runs a command line in this process. */
  run(argv: readonly string[], options?: RecordingIoOptions): Promise<Ran>;
  /** Writes a file, and returns its path. */
  file(name: string, content: string | Uint8Array): string;
  /** Writes the hooks file, as if long ago. */
  hooks(text: string): void;
  /** Writes the hooks file in its place, just now. */
  hooksInPlace(text: string): void;
  readHooks(): string;
  /** The names below a directory of the spool, directories left out. */
  names(directory: string): string[];
  /** The text of the only file below a directory of the spool. */
  only(directory: string): string;
}

export function createPlace(): Place {
  const root = tempDir();
  const spool = join(root, '.local/state/capnhook/spool');
  const config = join(root, '.config/capnhook/hooks.yaml');
  const env = { HOME: root, PATH: process.env.PATH };

  function files(directory: string): string[] {
    const path = join(spool, directory);
    if (!existsSync(path)) return [];
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  }

  function file(path: string, content: string | Uint8Array): string {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  return {
    root,
    spool,
    config,
    env,
    run: (argv, options = {}) => runCommand(argv, { ...options, env: { ...env, ...options.env } }),
    file: (name, content) => file(join(root, name), content),
    hooks(text) {
      file(config, text);
      utimesSync(config, 1, 1);
    },
    hooksInPlace: (text) => void file(config, text),
    readHooks: () => readFileSync(config, 'utf8'),
    names: (directory) => files(directory).map((path) => path.slice(path.lastIndexOf('/') + 1)),
    only(directory) {
      const [path, ...others] = files(directory);
      if (path === undefined || others.length > 0)
        throw new Error(`${others.length + (path ? 1 : 0)} files in ${directory}`);
      return readFileSync(path, 'utf8');
    },
  };
}

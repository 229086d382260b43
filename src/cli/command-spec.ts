import type { Io } from './io/io.js';
import type { Globals, OptionSpecs } from './options.js';

/** One command. */
export interface CommandSpec {
  name: string;
  /** Its positional arguments in commander's notation, each with its help; `...` stands behind one that may be several. */
  positionals: ReadonlyArray<readonly [name: string, help: string]>;
  summary: string;
  options: OptionSpecs;
  /** Two working command lines. */
  examples: readonly [string, string];
  /** Further help below the options. */
  notes?: string;
  run(call: Call): Promise<number>;
}

/** A command as it was typed. */
export interface Call {
  positionals: readonly string[];
  options: Readonly<Record<string, never>>;
  globals: Globals;
  io: Io;
}

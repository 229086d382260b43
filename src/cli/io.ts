/** The world as a command sees it. */
import type { Environment } from '../config/paths.js';

export interface Io {
  env: Environment;
  /** Writes what was done to standard output: it is done, whether or not that can be written. */
  out(text: string): void;
  /**
   * Writes what was asked for to standard output. A reader that has gone away is no error.
   * @throws CapnhookError `SPOOL_WRITE` if it cannot be written whole
   */
  print(text: string): void;
  /** Writes words to standard error. */
  err(text: string): void;
  /** Writes words to the end of this file from now on. @returns the errno of one that cannot be opened: then nothing has changed */
  writeWordsTo(path: string): string | undefined;
  isTerminal(stream: 'in' | 'out' | 'err'): boolean;
  /** All of standard input, or undefined if it is larger. @throws the errno of a failed read */
  readInput(maxBytes: number): Uint8Array | undefined;
  /** Asks on the terminal, and resolves to the line that was typed: none at its end (Ctrl-D), undefined after Ctrl-C. */
  ask(question: string): Promise<string | undefined>;
  /** Calls back at each such signal; returns how to stop. */
  onSignal(signal: NodeJS.Signals, callback: () => void): () => void;
}

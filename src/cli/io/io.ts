/** Everything a command uses of its process. */
import type { Environment } from '../../config/paths.js';

export interface Io {
  env: Environment;
  /** Writes a report to standard output. A failed write is ignored: the work is already done. */
  out(text: string): void;
  /**
   * Writes requested data to standard output. A closed pipe is not an error.
   * @returns whether it may go on: false where the reader has closed it
   * @throws CapnhookError `SPOOL_WRITE` if it cannot be written completely
   */
  print(data: string | Uint8Array): boolean;
  /** Writes messages to standard error. */
  err(text: string): void;
  /** Appends all further messages to this file. @returns the errno if it cannot be opened; nothing has changed then */
  writeWordsTo(path: string): string | undefined;
  isTerminal(stream: 'in' | 'out' | 'err'): boolean;
  /** The size of the terminal that standard output is; undefined where it is none. */
  terminalSize(): { columns: number; rows: number } | undefined;
  /** All of standard input, or undefined if it is larger. @throws the errno of a failed read */
  readInput(maxBytes: number): Uint8Array | undefined;
  /** Standard input, piece by piece. @throws the errno of a failed read */
  inputPieces(): Iterable<Uint8Array>;
  /** Asks on the terminal, and resolves to the typed line: empty after Ctrl-D, undefined after Ctrl-C. */
  ask(question: string): Promise<string | undefined>;
  /** Calls back at each such signal. @returns the function that ends this */
  onSignal(signal: NodeJS.Signals, callback: () => void): () => void;
}

/** The process's own streams, environment and signals. Loads modules only when they are needed. */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { CapnhookError, errnoOf, ignoreErrno } from '../../shared/errors.js';
import type { Io } from './io.js';
import { readAll, readPieces } from './read-all.js';
import { writeAll } from './write-all.js';

/** Errnos of a stream whose reader has closed it. */
const closed: ReadonlySet<string> = new Set(['EPIPE', 'EBADF', 'ECONNRESET']);

const numbers = { in: 0, out: 1, err: 2 };

export const processIo: Io = {
  env: process.env,
  out: (text) => void writeAll(1, text),
  print(data) {
    const errno = writeAll(1, data);
    if (errno === undefined) return true;
    if (closed.has(errno)) return false;
    throw new CapnhookError('SPOOL_WRITE', `Cannot write to standard output (${errno})`, {
      hint: 'The output is incomplete.',
    });
  },
  err: (text) => void writeAll(numbers.err, text),
  writeWordsTo(path) {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    try {
      const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
      if (numbers.err > 2) closeSync(numbers.err);
      numbers.err = fd;
      return undefined;
    } catch (error) {
      ignoreErrno(error); // the caller reports it
      return errnoOf(error);
    }
  },
  isTerminal(stream) {
    // Only a character device except /dev/null can be a terminal. Checking this first avoids loading `node:tty`, which loads much of the network stack.
    try {
      const stat = fstatSync(numbers[stream]);
      if (!stat.isCharacterDevice() || stat.rdev === statSync('/dev/null').rdev) return false;
    } catch {
      return false; // closed
    }
    return process.getBuiltinModule('node:tty').isatty(numbers[stream]);
  },
  terminalSize() {
    if (!processIo.isTerminal('out')) return undefined;
    const { columns, rows } = process.stdout;
    return columns > 0 && rows > 0 ? { columns, rows } : undefined; // a serial line need not know
  },
  readInput: (maxBytes) => readAll(0, maxBytes),
  inputPieces: () => readPieces(0),
  async ask(question) {
    const { createInterface } = await import('node:readline/promises');
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const end = new AbortController();
    let isInterrupted = false;
    terminal.on('SIGINT', () => {
      isInterrupted = true;
      end.abort();
    });
    terminal.on('close', () => end.abort());
    try {
      return await terminal.question(question, { signal: end.signal });
    } catch (error) {
      if (!end.signal.aborted) throw error;
      return isInterrupted ? undefined : '';
    } finally {
      terminal.close();
    }
  },
  onSignal(signal, callback) {
    process.on(signal, callback);
    return () => process.off(signal, callback);
  },
};

/** The process's own streams, environment and signals. Loads nothing before it is asked for. */
import { fstatSync, statSync } from 'node:fs';
import { CapnhookError } from '../shared/errors.js';
import type { Io } from './io.js';
import { readAll } from './read-all.js';
import { writeAll } from './write-all.js';

/** Nobody reads it any more. */
const gone: ReadonlySet<string> = new Set(['EPIPE', 'EBADF', 'ECONNRESET']);

const numbers = { in: 0, out: 1, err: 2 } as const;

export const processIo: Io = {
  env: process.env,
  out: (text) => void writeAll(1, text),
  print(text) {
    const errno = writeAll(1, text);
    if (errno === undefined || gone.has(errno)) return;
    throw new CapnhookError('SPOOL_WRITE', `Cannot write to standard output (${errno})`, {
      hint: 'What is there now is not whole.',
    });
  },
  err: (text) => void writeAll(2, text),
  isTerminal(stream) {
    // Only a character device can be a terminal, and /dev/null is none; asking further loads half the network stack.
    try {
      const stat = fstatSync(numbers[stream]);
      if (!stat.isCharacterDevice() || stat.rdev === statSync('/dev/null').rdev) return false;
    } catch {
      return false; // closed
    }
    return process.getBuiltinModule('node:tty').isatty(numbers[stream]);
  },
  readInput: (maxBytes) => readAll(0, maxBytes),
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

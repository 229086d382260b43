/** The process's own streams, environment and signals. Loads nothing before it is asked for. */
import { fstatSync, writeSync } from 'node:fs';
import { errnoOf } from '../shared/errors.js';
import type { Io } from './io.js';
import { readAll } from './read-all.js';

const numbers = { in: 0, out: 1, err: 2 } as const;

export const processIo: Io = {
  env: process.env,
  out: (text) => writeText(1, text),
  err: (text) => writeText(2, text),
  isTerminal(stream) {
    // Only a character device can be a terminal; asking further loads half the network stack.
    try {
      if (!fstatSync(numbers[stream]).isCharacterDevice()) return false;
    } catch {
      return false; // closed
    }
    return process.getBuiltinModule('node:tty').isatty(numbers[stream]);
  },
  readInput: (maxBytes) => readAll(0, maxBytes),
  async ask(question) {
    const { createInterface } = await import('node:readline/promises');
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await terminal.question(question);
    } finally {
      terminal.close();
    }
  },
  onSignal(signal, callback) {
    process.on(signal, callback);
    return () => process.off(signal, callback);
  },
};

/** Errors of a stream that nobody reads any more: what we do matters, not who listens. */
const unheard: ReadonlySet<string> = new Set(['EPIPE', 'EBADF', 'EIO', 'ENOSPC', 'ECONNRESET']);

function writeText(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (errno === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else if (unheard.has(errno)) return;
      else throw error;
    }
  }
}

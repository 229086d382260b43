/** Copies what a command writes to our own output, and keeps its end. */
import { write } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { errnoOf, ignoreErrno } from '../shared/errors.js';
import type { Tail } from './tail.js';

/** How long a process that the command has left behind may be silent before its output is no longer copied, in ms. */
const silenceMs = 300;

/** Pause before a write is repeated whose reader is slow, in ms. */
const pauseMs = 5;

export interface OutputCopy {
  /** Resolves when all is copied that was written until now, though the output may still be open. */
  finish(): Promise<void>;
}

/** Copies a stream to a descriptor. If that cannot be written, the stream is closed, and the command told by SIGPIPE. */
export function copyOutput(from: Readable, to: number, tail: Tail): OutputCopy {
  let pieces = 0;
  let isWriting = false;
  const copying = copy();

  async function copy(): Promise<void> {
    try {
      for await (const piece of from) {
        pieces += 1;
        tail.add(piece);
        isWriting = true;
        const isWritten = await writeWhole(to, piece);
        isWriting = false;
        if (!isWritten) return;
      }
    } catch (error) {
      ignoreErrno(error); // a failed read is an end
    }
  }

  return {
    async finish() {
      const timer = setInterval(closeIfSilent, silenceMs);
      let before = pieces;
      function closeIfSilent(): void {
        if (pieces === before && !isWriting) from.destroy();
        before = pieces;
      }
      await copying;
      clearInterval(timer);
    },
  };
}

const writeSome = promisify(write);

/** @returns whether all of it was written */
async function writeWhole(fd: number, bytes: Uint8Array): Promise<boolean> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writeSome(fd, bytes, at)).bytesWritten;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      if (errnoOf(error) !== 'EAGAIN') return false;
      await new Promise((resolve) => setTimeout(resolve, pauseMs)); // it was made non-blocking by another process
    }
  }
  return true;
}

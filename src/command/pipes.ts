/**
 * Pipes for the output of a command. Node gives its children sockets instead, which a script cannot open again as
 * /dev/stderr; and it cannot make a pipe, so these are FIFOs whose names are removed immediately.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { ignoreErrno } from '../shared/errors.js';

export interface Pipe {
  reader: Socket;
  /** The descriptor to write to. */
  writer: number;
}

/** Makes pipes. @returns undefined where no FIFO can be made */
export function createPipes(count: number): Pipe[] | undefined {
  let directory: string | undefined;
  try {
    directory = mkdtempSync(`${tmpdir()}/capnhook-`);
    const names = Array.from({ length: count }, (_, index) => `${directory}/${index}`);
    if (spawnSync('mkfifo', ['-m', '600', ...names], { stdio: 'ignore' }).status !== 0) return undefined;
    return names.map(openPipe);
  } catch (error) {
    ignoreErrno(error); // a full or read-only disk, no descriptors left
    return undefined;
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
}

function openPipe(name: string): Pipe {
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  const reader = openSync(name, O_RDONLY | O_NONBLOCK); // without O_NONBLOCK it waits for a writer
  const writer = openSync(name, O_WRONLY);
  return { reader: new Socket({ fd: reader, readable: true, writable: false }), writer };
}

/** Closes the ends to write to; the command has its own. */
export function closeWriters(pipes: readonly Pipe[]): void {
  for (const { writer } of pipes) closeSync(writer);
}

/** readAll(), writeAll() and processIo on real descriptors. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { processIo } from '../../../src/cli/io/process-io.js';
import { readAll } from '../../../src/cli/io/read-all.js';
import { writeAll } from '../../../src/cli/io/write-all.js';
import { tempDir } from '../../support/temp.js';

/** What a file is said to be long, for one that grows or shrinks while it is read. */
const told: { size: number | undefined } = vi.hoisted(() => ({ size: undefined }));
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const fstatSync = (fd: number) =>
    Object.assign(fs.fstatSync(fd), told.size !== undefined && { size: told.size });
  return { ...fs, fstatSync };
});

function open(path: string, flags: number | string): number {
  const fd = openSync(path, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

function fifo(): string {
  const path = join(tempDir(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

/** A shell that says `ready` when it has the pipe open. */
async function shell(script: string, ...args: string[]): Promise<void> {
  const child = spawn('sh', ['-c', script, 'sh', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  await once(child.stdout, 'data');
}

describe('readAll()', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 200_000])('readAll() reads a file of %d bytes', (size) => {
    const path = join(tempDir(), 'file');
    const bytes = Buffer.alloc(size, 'abc');
    writeFileSync(path, bytes);
    expect(Buffer.from(readAll(open(path, 'r'), size)!).equals(bytes)).toBe(true);
  });

  it('readAll() reads what has no size, however much comes', async () => {
    const path = fifo();
    const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, n) => n));
    const file = join(tempDir(), 'file');
    writeFileSync(file, bytes);
    await shell('(cat "$2" > "$1") & echo ready', path, file);
    expect(Buffer.from(readAll(open(path, 'r'), 1_000_000)!).equals(bytes)).toBe(true);
  });

  it.each([0, 1, 999, 1_000, 1_001, 70_000, 1e12])(
    'readAll() reads 1,000 bytes of a file that was said to have %d',
    (size) => {
      onTestFinished(() => {
        told.size = undefined;
      });
      told.size = size;
      const path = join(tempDir(), 'file');
      const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, n) => n));
      writeFileSync(path, bytes);
      for (const most of [1_000, 100_000]) {
        expect(Buffer.from(readAll(open(path, 'r'), most)!).equals(bytes)).toBe(true);
      }
      expect(readAll(open(path, 'r'), 999)).toBeUndefined();
    },
  );

  it('readAll() is undefined for more than maxBytes', () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, 'four');
    expect(readAll(open(path, 'r'), 3)).toBeUndefined();
    expect(readAll(open('/dev/zero', 'r'), 1_000_000)).toBeUndefined();
  });

  it('readAll() waits for a pipe that was made non-blocking', async () => {
    const path = fifo();
    const fd = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await shell('exec 3>"$1"; echo ready; sleep 0.1; printf one >&3; sleep 0.1; printf two >&3', path);
    expect(Buffer.from(readAll(fd, 100)!).toString()).toBe('onetwo');
  });

  it('readAll() throws the errno of a failed read', () => {
    expect(() => readAll(open(tempDir(), 'r'), 100)).toThrow(expect.objectContaining({ code: 'EISDIR' }));
    expect(() => readAll(999, 100)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});

describe('writeAll()', () => {
  it('writeAll() writes all of a text', () => {
    const path = join(tempDir(), 'file');
    writeAll(open(path, 'w'), 'naïve '.repeat(50_000));
    expect(readFileSync(path, 'utf8')).toBe('naïve '.repeat(50_000));
  });

  it('writeAll() waits for the slow reader of a pipe that was made non-blocking', async () => {
    const path = fifo();
    const copy = join(tempDir(), 'copy');
    const reader = spawn(
      'sh',
      ['-c', 'exec 3<"$1"; echo ready; sleep 0.1; cat <&3 >"$2"', 'sh', path, copy],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const closed = once(reader, 'close');
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK); // does not wait for the reader
    await once(reader.stdout!, 'data');
    writeAll(fd, 'x'.repeat(300_000));
    closeSync(fd);
    await closed;
    expect(readFileSync(copy, 'utf8').length).toBe(300_000);
  });

  it('writeAll() puts up with a reader that has gone away', () => {
    const path = fifo();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    closeSync(reader);
    writeAll(fd, 'nobody hears this');
  });

  it('writeAll() puts up with a closed descriptor and a full device', () => {
    writeAll(999, 'nobody hears this');
    writeAll(open('/dev/full', 'w'), 'nobody hears this');
  });

  it.skipIf(!existsSync('/proc/self/oom_score_adj'))(
    'writeAll() puts up with whatever else the system says',
    () => {
      writeAll(open('/proc/self/oom_score_adj', 'r+'), 'no number'); // EINVAL
    },
  );

  it('writeAll() throws what is no error of the system', () => {
    expect(() => writeAll(-1, 'x')).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });
});

describe('processIo', () => {
  it('processIo.out() and err() write nothing of nothing', () => {
    processIo.out('');
    processIo.err('');
  });

  it('processIo.isTerminal() is false for what is no character device', () => {
    for (const stream of ['in', 'out', 'err'] as const)
      expect(typeof processIo.isTerminal(stream)).toBe('boolean');
  });

  it('processIo.onSignal() listens until it is told to stop', () => {
    let heard = 0;
    const stop = processIo.onSignal('SIGUSR2', () => {
      heard += 1;
    });
    process.emit('SIGUSR2');
    stop();
    process.emit('SIGUSR2');
    expect(heard).toBe(1);
  });

  it('processIo.env is that of the process', () => {
    expect(processIo.env).toBe(process.env);
  });
});

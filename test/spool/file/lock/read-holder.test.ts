import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { acquireLock, readHolder } from '../../../../src/spool/file/lock/lock.js';
import { ownIdentity, type ProcessIdentity } from '../../../../src/spool/file/lock/process-identity.js';
import { bundle, runNode } from '../../../support/child.js';
import { held, linux, withoutKernel } from '../../../support/lock-kit.js';
import { asRoot, madeSpool, quickDir, spoolAt } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

function writeRecord(root: string, record: Partial<ProcessIdentity>): void {
  writeFileSync(
    `${root}/lock`,
    JSON.stringify({ mode: 'daemon', since: '2026-01-01T00:00:00.000Z', ...record }),
  );
}

describe('readHolder()', () => {
  linux('readHolder() never takes another process for the holder', async () => {
    const root = madeSpool(quickDir());
    const own = ownIdentity();
    writeRecord(root, own);
    expect(readHolder(root)).toEqual({
      host: hostname(),
      pid: process.pid,
      mode: 'daemon',
      since: '2026-01-01T00:00:00.000Z',
      heartbeat: expect.any(String),
      isVisible: true,
    });
    writeRecord(root, { ...own, start: '1' });
    expect(readHolder(root)).toBeUndefined();
    writeRecord(root, { ...own, boot: 'another' });
    expect(readHolder(root)).toBeUndefined();
    writeRecord(root, { ...own, pid: 2 ** 30 });
    expect(readHolder(root)).toBeUndefined();
  });

  it('readHolder() believes what another host has written while the lock is held, and no longer', async () => {
    const root = madeSpool(quickDir());
    const taken = await acquireLock(root, { mode: 'daemon', now: 0 });
    if (taken.held) throw new Error('the lock is held');
    writeRecord(root, { host: 'elsewhere', pid: 1 });
    const holder = readHolder(root)!;
    await taken.lock.release();
    writeRecord(root, { host: 'elsewhere', pid: 1 });
    expect(readHolder(root)).toBeUndefined();
    expect(holder).toMatchObject({ host: 'elsewhere', pid: 1 });
    expect(holder.isVisible).toBe(false);
  });

  linux(
    'readHolder() asks the lock where no process of this pid namespace is the one in the record',
    async () => {
      const root = madeSpool(quickDir());
      const lock = await held(root, { mode: 'daemon' });
      writeRecord(root, { ...ownIdentity(), pid: 2 ** 30 });
      expect(readHolder(root)).toMatchObject({ pid: 2 ** 30, isVisible: false });
      expect(readHolder(root, { visibleOnly: true })).toBeUndefined();
      await lock.release();
      writeRecord(root, { ...ownIdentity(), pid: 2 ** 30 });
      expect(readHolder(root)).toBeUndefined();
    },
  );

  linux('readHolder() minds the lock of a holder without the kernel that it cannot see', async () => {
    const root = madeSpool(quickDir());
    const lock = await held(root, { mode: 'daemon', takeKernelLock: withoutKernel });
    writeRecord(root, { ...ownIdentity(), pid: 2 ** 30 });
    expect(readHolder(root)).toMatchObject({ pid: 2 ** 30, isVisible: false });
    await lock.release();
    expect(readHolder(root)).toBeUndefined();
  });

  linux('readHolder() takes a zombie for dead', async () => {
    const root = madeSpool(quickDir());
    // The shell's child ends, and the shell, replaced by sleep, never looks.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => {
      parent.kill('SIGKILL');
    });
    const pid = Number(
      await new Promise<string>((resolve) =>
        parent.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      ),
    );
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8');
    while (!stat().includes(') Z ')) await new Promise((resolve) => setTimeout(resolve, 10));
    const start = stat().split(') ')[1]!.split(' ')[19]!;
    writeRecord(root, { ...ownIdentity(), pid, start });
    expect(readHolder(root)).toBeUndefined();
  });

  for (const record of [
    '',
    '{',
    '{"host":"x","pid":1,"mo',
    'null',
    '7',
    '[]',
    '{}',
    '{"host":1,"pid":1,"mode":"pass","since":""}',
    '{"host":"x","pid":"1","mode":"pass","since":""}',
    '{"host":"x","pid":0,"mode":"pass","since":""}',
    '\u0000\u0000\u0000',
  ]) {
    it(`readHolder() knows of nobody where the record is ${JSON.stringify(record)}`, () => {
      const root = madeSpool(quickDir());
      writeFileSync(`${root}/lock`, record);
      expect(readHolder(root)).toBeUndefined();
    });
  }

  it('holder() knows of nobody where there is no spool, and throws what is neither a file nor missing', async () => {
    expect(readHolder('/nowhere')).toBeUndefined();
    const root = quickDir();
    mkdirSync(`${root}/lock`);
    await expect(spoolAt(root).holder()).rejects.toMatchObject({ code: 'SPOOL_WRITE' });
  });

  asRoot('readHolder() throws EACCES where it may not read the record (as root)', async () => {
    const directory = tempDir();
    execFileSync('chmod', ['755', directory]);
    writeFileSync(`${directory}/lock`, 'x', { mode: 0o600 });
    const script = await bundle(
      `${directory}/read.mjs`,
      `
      import { readHolder } from '${process.cwd()}/src/spool/file/lock/lock.ts';
      process.setuid(65534);
      try {
        readHolder('${directory}');
      } catch ({ code }) {
        console.log(code);
      }
    `,
    );
    expect(await runNode(script)).toEqual({ code: 0, stdout: 'EACCES\n' });
  });
});

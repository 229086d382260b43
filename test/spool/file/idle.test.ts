import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemDisk } from '../../../src/spool/file/disk/disk.js';
import { isIdle } from '../../../src/spool/file/idle.js';
import { ensureSpool } from '../../../src/spool/file/setup/create.js';
import { tempDir } from '../../support/temp.js';

function spool(): string {
  const root = join(tempDir(), 'spool');
  ensureSpool(systemDisk, root, { token: 'token' });
  return root;
}

const record = { host: 'h', pid: 1, mode: 'pass', since: '2026-11-23T12:00:00.000Z' };

describe('isIdle()', () => {
  it('isIdle() is true for a new spool, and for one with nothing but a past', () => {
    const root = spool();
    expect(isIdle(systemDisk, root, { now: Date.now() })).toBe(true);
    mkdirSync(join(root, 'dead/a'));
    writeFileSync(join(root, 'dead/a/1.json'), '');
    writeFileSync(join(root, 'corrupt/x'), '');
    writeFileSync(join(root, 'endpoints/a.json'), '{}');
    writeFileSync(join(root, 'lock'), `${' '.repeat(511)}\n`);
    expect(isIdle(systemDisk, root, { now: Date.now() })).toBe(true);
  });

  it.each([
    ['an event', (root: string) => writeFileSync(join(root, 'incoming/a.json'), '')],
    ['a file that is being copied there', (root: string) => writeFileSync(join(root, 'incoming/.a'), '')],
    ['an endpoint with an empty queue', (root: string) => mkdirSync(join(root, 'queue/a'))],
    ['a retry', (root: string) => mkdirSync(join(root, 'retry/a'))],
    ['a left-over', (root: string) => writeFileSync(join(root, 'tmp/a'), '')],
    ['a file where only a directory can be', (root: string) => writeFileSync(join(root, 'dead/a'), '')],
    [
      'a holder, however it has ended',
      (root: string) => writeFileSync(join(root, 'lock'), JSON.stringify(record)),
    ],
  ])('isIdle() is false for a spool with %s', (_, put) => {
    const root = spool();
    put(root);
    expect(isIdle(systemDisk, root, { now: Date.now() })).toBe(false);
  });

  it('isIdle() throws for what it cannot look at', () => {
    const root = spool();
    symlinkSync('elsewhere', join(root, 'lock'));
    expect(() => isIdle(systemDisk, root, { now: Date.now() })).toThrow(
      expect.objectContaining({ code: 'SPOOL_WRITE' }),
    );
    const other = spool();
    rmSync(join(other, 'tmp'), { recursive: true });
    expect(() => isIdle(systemDisk, other, { now: Date.now() })).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});

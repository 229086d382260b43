import { execFileSync } from 'node:child_process';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isAlive } from '../../../../src/spool/file/lock/process-identity.js';
import { bundle, runNode } from '../../../support/child.js';
import { asRoot } from '../../../support/spool-kit.js';
import { tempDir } from '../../../support/temp.js';

// rests on /proc or on flock(1)

describe('isAlive()', () => {
  it('isAlive() asks the kernel by a signal where nothing else is known of the process', async () => {
    const host = hostname();
    expect(isAlive({ host, pid: process.pid })).toBe(true);
    expect(isAlive({ host, pid: 2 ** 22 + 1 })).toBe(false);
    expect(isAlive({ host: 'elsewhere', pid: process.pid })).toBe('unknown');
  });

  asRoot('isAlive() takes a process that may not be signalled for alive (as root)', async () => {
    const directory = tempDir();
    execFileSync('chmod', ['755', directory]);
    const script = await bundle(
      `${directory}/alive.mjs`,
      `
      import { hostname } from 'node:os';
      import { isAlive } from '${process.cwd()}/src/spool/file/lock/process-identity.ts';
      process.setuid(65534);
      console.log(isAlive({ host: hostname(), pid: 1 }));
    `,
    );
    expect(await runNode(script)).toEqual({ code: 0, stdout: 'true\n' });
  });
});

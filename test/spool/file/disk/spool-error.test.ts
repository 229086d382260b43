import { describe, expect, it } from 'vitest';
import { spoolError } from '../../../../src/spool/file/disk/spool-error.js';
import { bug } from '../../../support/buggy-disk.js';

describe('spoolError()', () => {
  it('spoolError() lets a bug through', () => {
    expect(() => spoolError(bug, { doing: 'x', root: '/x', otherwise: 'SPOOL_WRITE' })).toThrow(bug);
  });

  it('spoolError() has words for an errno it does not know', () => {
    const error = Object.assign(new Error(), { code: 'EWEIRD' });
    expect(spoolError(error, { doing: 'x', root: '/x', otherwise: 'SPOOL_WRITE' }).message).toBe(
      'Cannot x: the system call failed (EWEIRD, spool /x)',
    );
  });
});

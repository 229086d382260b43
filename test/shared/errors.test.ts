import { describe, expect, it } from 'vitest';
import { CapnhookError, errnoOf, ignoreErrno } from '../../src/shared/errors.js';

describe('errnoOf()', () => {
  it.each([
    [Object.assign(new Error('x'), { code: 'ENOENT' }), 'ENOENT'],
    [Object.assign(new Error('x'), { code: 7 }), undefined],
    // Node has no name for EDQUOT.
    [Object.assign(new Error('x'), { code: 'UNKNOWN', errno: -122 }), 'EDQUOT'],
    [Object.assign(new Error('x'), { code: 'Unknown system error -122', errno: -122 }), 'EDQUOT'],
    [Object.assign(new Error('x'), { code: 'UNKNOWN', errno: -99999 }), 'UNKNOWN'],
    [Object.assign(new Error('x'), { code: 'UNKNOWN' }), 'UNKNOWN'],
    [new Error('x'), undefined],
    ['ENOENT', undefined],
  ])('errnoOf() of %o is %s', (error, errno) => expect(errnoOf(error)).toBe(errno));
});

describe('ignoreErrno()', () => {
  it('ignoreErrno() lets a failed system call pass, and throws a bug again', () => {
    expect(() => ignoreErrno(Object.assign(new Error('x'), { code: 'EIO' }))).not.toThrow();
    const bug = new TypeError('a bug');
    expect(() => ignoreErrno(bug)).toThrow(bug);
  });
});

describe('CapnhookError', () => {
  it('CapnhookError has a code, and what it was given', () => {
    const cause = new Error('why');
    const error = new CapnhookError('BUSY', 'Cannot', {
      cause,
      hint: 'Wait.',
      problems: [{ message: 'one' }],
    });
    expect(error).toMatchObject({
      code: 'BUSY',
      message: 'Cannot',
      cause,
      hint: 'Wait.',
      problems: [{ message: 'one' }],
    });
    expect(new CapnhookError('USAGE', 'Cannot')).toMatchObject({ hint: undefined, problems: [] });
  });
});

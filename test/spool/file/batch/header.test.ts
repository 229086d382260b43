import { describe, expect, it } from 'vitest';
import { headerOf } from '../../../../src/spool/file/batch/delivery-file.js';

describe('headerOf()', () => {
  it('headerOf() gives an event a time with a year of four digits, whatever the age of its file', () => {
    const stat = { ino: 1, nlink: 1, uid: 0, size: 1 };
    for (const [mtimeMs, time] of [
      [1e300, '9999-12-31T23:59:59.999Z'],
      [-1e300, '1970-01-01T00:00:00.000Z'],
      [1.5, '1970-01-01T00:00:00.001Z'],
    ] as const)
      expect(headerOf({ hook: 'x' }, { id: 'mine', stat: { ...stat, mtimeMs } }).time).toBe(time);
  });
});

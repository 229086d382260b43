import { expect, test } from 'vitest';
import { limitIn, readLimits, threadPoolSize } from '../../../src/cli/io/thread-pool.js';

const none = Infinity;

test.each([
  [none, none, 64],
  [96_000, none, 64],
  [55, none, 21], // a pids limit of 64
  [20, none, 4],
  [3, none, 1],
  [0, none, 0],
  [-5, none, 0],
  [none, 4 * 2 ** 30, 12], // ulimit -v 4194304
  [none, 2 ** 30, 1],
])('threadPoolSize() with %d threads and %d bytes of addresses is %d', (threads, addressBytes, size) => {
  expect(threadPoolSize({ threads, addressBytes })).toBe(size);
});

test('limitIn() reads the soft limit, and takes what is unlimited or missing for no limit', () => {
  const text =
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
    'Max processes             70                   96364                processes \n' +
    'Max address space         unlimited            unlimited            bytes     \n';
  expect(limitIn(text, 'Max processes')).toBe(70);
  expect(limitIn(text, 'Max address space')).toBe(Infinity);
  expect(limitIn('', 'Max processes')).toBe(Infinity);
});

test('readLimits() finds room on a machine that runs tests', () => {
  expect(threadPoolSize(readLimits())).toBeGreaterThan(0);
});

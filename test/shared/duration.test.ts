import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatSpan, parseDuration } from '../../src/shared/duration.js';

describe('parseDuration()', () => {
  it.each([
    ['500ms', 500],
    ['20s', 20_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
    ['1.5s', 1_500],
    ['0s', 0],
    ['0ms', 0],
    ['0.25ms', 0],
    ['365d', 31_536_000_000],
  ])('parseDuration() reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    '',
    '5',
    's',
    '-5s',
    '+5s',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    '1e3s',
    '.5s',
    '5.s',
    '1h30m',
    '366d',
    '5y',
    '٥s',
    '0',
    '5s\n',
  ])('parseDuration() refuses %j', (text) => expect(parseDuration(text)).toBeUndefined());
});

describe('formatDuration()', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [500, '500ms'],
    [1_500, '1.5s'],
    [300_000, '5m'],
    [299_999, '5m'],
    [100_000, '100s'],
    [61_234, '61.2s'],
    [7_200_000, '2h'],
    [90_000_000, '25h'],
    [259_200_000, '3d'],
    [-5_000, '-5s'],
    [0.7, '1ms'],
  ])('formatDuration() writes %d ms', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('formatDuration() writes what parseDuration() reads, within 1 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 364 * 86_400_000 }), (ms) => {
        expect(Math.abs(parseDuration(formatDuration(ms))! - ms)).toBeLessThanOrEqual(ms * 0.01);
      }),
    );
  });
});

describe('formatSpan()', () => {
  it.each([
    [-1, '0s'],
    [499, '0s'],
    [59_400, '59s'],
    [60_000, '1m'],
    [249_000, '4m 9s'],
    [3_599_600, '1h'],
    [86_399_000, '1d'],
    [272_160_000, '3d 4h'],
    [8_640_000_000, '100d'],
  ])('formatSpan() writes %d ms in at most two units', (ms, text) => expect(formatSpan(ms)).toBe(text));
});

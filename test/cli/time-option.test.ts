import { describe, expect, test } from 'vitest';
import { parseFutureTime, parsePastTime } from '../../src/cli/time-option.js';

const now = Date.parse('2026-11-30T12:00:00.000Z');
const context = { doing: 'list', now };

describe('parsePastTime()', () => {
  test.each([
    ['90s', '2026-11-30T11:58:30.000Z'],
    ['2h', '2026-11-30T10:00:00.000Z'],
    ['30d', '2026-10-31T12:00:00.000Z'],
    ['0s', '2026-11-30T12:00:00.000Z'],
    ['2026-11-29', '2026-11-29T00:00:00.000Z'],
    ['2026-11-29T08:30', '2026-11-29T08:30:00.000Z'],
    ['2026-11-29 08:30:15', '2026-11-29T08:30:15.000Z'],
    ['2026-11-29T08:30:15.250Z', '2026-11-29T08:30:15.250Z'],
    ['2026-11-29T08:30+01:00', '2026-11-29T07:30:00.000Z'],
    ['2026-11-29T08:30:15-0500', '2026-11-29T13:30:15.000Z'],
  ])('parsePastTime() reads %s', (text, time) =>
    expect(parsePastTime('--since', text, context)).toBe(Date.parse(time)),
  );

  test.each([
    '',
    'yesterday',
    '2',
    '-2h',
    '2026-02-30',
    '2026-13-01',
    '2026-11-29T25:00Z',
    '12:00',
    '2h ago',
  ])('parsePastTime() refuses %j, and says what a time is', (text) =>
    expect(() => parsePastTime('--since', text, context)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: `Cannot list: --since needs a time or a duration, not ${JSON.stringify(text)}`,
        hint: expect.stringContaining('2026-11-30T12:00Z'),
      }),
    ),
  );

  test('parsePastTime() has no time where the option was not given', () =>
    expect(parsePastTime('--since', undefined, context)).toBeUndefined());
});

test('parseFutureTime() counts a duration from now on, and reads a date as it is', () => {
  const ofPause = { doing: 'pause', now };
  expect(parseFutureTime('--until', '2h', ofPause)).toBe(now + 7_200_000);
  expect(parseFutureTime('--until', '2026-12-01', ofPause)).toBe(Date.parse('2026-12-01T00:00:00.000Z'));
  expect(parseFutureTime('--until', undefined, ofPause)).toBeUndefined();
  expect(() => parseFutureTime('--until', 'noon', ofPause)).toThrow('Cannot pause: --until needs a time');
});

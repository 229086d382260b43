import { describe, expect, it } from 'vitest';
import { renderEndpoint } from '../../../src/cli/render/endpoint.js';
import { renderBug, renderError } from '../../../src/cli/render/error.js';
import { renderNotice } from '../../../src/cli/render/notice.js';
import { createStyle } from '../../../src/cli/render/style.js';
import { renderSummary } from '../../../src/cli/render/summary.js';
import { count, hideUrls, renderDue, safe } from '../../../src/cli/render/text.js';
import { CapnhookError } from '../../../src/shared/errors.js';
import { exitCodeOf } from '../../../src/shared/exit-codes.js';
import type { DrainSummary, Notice } from '../../../src/usecases/drain/ports.js';
import { emptySummary } from '../../../src/usecases/drain/reporting/summary.js';

const now = Date.parse('2026-11-23T12:00:00.000Z');
const endpoint = { id: 'chat', origin: 'https://a.example:8443' };
const marked = {
  good: (text: string) => `+${text}`,
  bad: (text: string) => `-${text}`,
  faint: (text: string) => `(${text})`,
};

function render(notice: Notice, { verbose = true } = {}): string | undefined {
  return renderNotice(notice, { verbose, now, style: marked });
}

const who = 'https://a.example:8443 (chat)';

describe('renderNotice()', () => {
  it.each<[Notice, string]>([
    [
      { kind: 'attempt', endpoint, event: 'e1', attempt: 1, what: 'delivered', ms: 7 },
      `+e1 to ${who}: delivered ((7 ms))`,
    ],
    [
      { kind: 'attempt', endpoint, event: 'e1', attempt: 2, what: 'failed: 503', ms: 7 },
      `-e1 to ${who}: failed: 503, attempt 2 ((7 ms))`,
    ],
    [
      { kind: 'parked', endpoint, what: '503', parkedUntil: now + 5_000 },
      `-${who} fails: 503; next attempt in 5s`,
    ],
    [
      { kind: 'parked', endpoint, what: 'ENOTFOUND', message: 'no such\u001b[2J host' },
      `-${who} fails: ENOTFOUND (no such\\u{1b}[2J host)`,
    ],
    [
      { kind: 'paused', endpoint, why: 'it answered 410 Gone' },
      `-${who} is paused: it answered 410 Gone; its deliveries are kept`,
    ],
    [{ kind: 'well', endpoint, since: now }, `+${who} is well again`],
    [
      { kind: 'failed-alone', endpoint, event: 'e1', what: '422', dueMs: now + 300_000, isFirst: false },
      `-e1 to ${who} failed alone: 422; next attempt of that event in 5m`,
    ],
    [
      { kind: 'failed-alone', endpoint, event: 'e1', what: '422', dueMs: now + 300_000, isFirst: true },
      `-${who} rejects e1: 422; next attempt of that event in 5m`,
    ],
    [
      { kind: 'gave-up', endpoint, reason: 'too old', count: 1 },
      `-gave up 1 delivery for ${who}: too old; kept in dead/`,
    ],
    [
      { kind: 'gave-up', endpoint: { id: 'x' }, reason: 'too old', count: 2 },
      '-gave up 2 deliveries for x: too old; kept in dead/',
    ],
    [
      { kind: 'set-apart', event: 'e1', hook: 'h', events: 1, isKept: true },
      'e1: nobody is registered for h; moved to unclaimed/',
    ],
    [
      { kind: 'set-apart', event: 'e1', events: 1, isKept: false },
      'e1: nobody is registered for it; dropped',
    ],
    [
      { kind: 'unclaimed', hook: 'complte', unclaimed: 2, didYouMean: 'complete', keepMs: 30 * 86_400_000 },
      '-nobody is registered for complte (did you mean complete?): 2 events kept in unclaimed/ for 30d',
    ],
    [
      { kind: 'unclaimed', hook: 'x', unclaimed: 1, keepMs: 3_600_000 },
      '-nobody is registered for x: 1 event kept in unclaimed/ for 1h',
    ],
    [
      { kind: 'unclaimed', unclaimed: 12, keepMs: 3_600_000 },
      '-nobody is registered for other hooks either: 12 events kept in unclaimed/ for 1h',
    ],
    [
      { kind: 'expired', events: 3, keepMs: 3_600_000 },
      '-removed 3 events from unclaimed/: nobody was registered within 1h',
    ],
    [
      { kind: 'corrupt', entry: { name: 'a\nb', reason: 'it is empty' } },
      '-moved to corrupt/: a\\u{a}b: it is empty',
    ],
    [{ kind: 'unread', entry: { name: 'a', reason: 'EIO' } }, '-a: EIO; will retry'],
    [
      { kind: 'immovable', entry: { name: 'a', reason: 'it is a directory' } },
      '-a in incoming/ is not an event: it is a directory; remove it as its owner, or as root',
    ],
    [{ kind: 'more-postponed', count: 2 }, '-2 more entries in incoming/ postponed; will retry'],
    [
      { kind: 'intake-failed', error: new CapnhookError('TEMPORARY', 'Cannot drain') },
      '-Cannot drain\n  Events stay in incoming/; will retry.',
    ],
    [{ kind: 'journal-failed', errno: 'ENOSPC' }, '-cannot write the journal (ENOSPC); deliveries go on'],
    [
      { kind: 'hooks-missing' },
      '-there is no hooks file yet: events of hooks wait for it; create it with: capnhook register <hook> <url>',
    ],
    [{ kind: 'hooks-reloaded', wasBroken: false }, 'the changed hooks file is in use now'],
    [{ kind: 'hooks-reloaded', wasBroken: true }, '+the hooks file is usable again, and is in use now'],
    [
      {
        kind: 'hooks-broken',
        error: new CapnhookError('HOOKS_FILE', 'Cannot use it', {
          problems: [{ line: 2, column: 3, message: 'bad' }],
        }),
      },
      '-Cannot use it\n  2:3: bad\n  The previous hooks stay in use; events without a receiver in them wait until it is mended.',
    ],
  ])('renderNotice() of %j', (notice, line) => expect(render(notice)).toBe(line));

  it('renderNotice() tells what is only of interest to somebody who looks with verbose alone', () => {
    const quiet: Notice[] = [
      { kind: 'attempt', endpoint, event: 'e1', attempt: 1, what: 'delivered', ms: 7 },
      { kind: 'set-apart', event: 'e1', events: 1, isKept: true },
      { kind: 'hooks-reloaded', wasBroken: false },
    ];
    for (const notice of quiet) expect(render(notice, { verbose: false })).toBeUndefined();
  });

  it('renderNotice() shows a URL only if asked', () => {
    const notice: Notice = { kind: 'well', endpoint, since: now };
    expect(render(notice)).toBe(`+${who} is well again`);
    const whole = { ...endpoint, url: 'https://a.example:8443/s3cret' };
    expect(render({ ...notice, endpoint: whole })).toBe(
      '+https://a.example:8443/s3cret (chat) is well again',
    );
  });
});

describe('renderEndpoint()', () => {
  it.each([
    [{ id: 'x', url: { env: 'URL' } }, 'x (URL from $URL)'],
    [{ id: 'x', url: { file: '/f' } }, 'x (URL from /f)'],
    [{ id: 'x', url: { credential: 'c' } }, 'x (URL from credential c)'],
    [
      { id: 'chat', url: { value: 'https://me:pa55@a.example:8443/s3cret?k=v' } },
      'https://a.example:8443 (chat)',
    ],
    [{ id: 'x', url: { value: 'http://[::1]/a' } }, 'http://[::1] (x)'],
    [{ id: 'invalid~0', url: { value: 'no url s3cret' } }, 'invalid~0'],
  ])('renderEndpoint() of %j', (given, text) => expect(renderEndpoint(given, false)).toBe(text));
});

describe('renderError()', () => {
  it('renderError() has the message, each problem with its place, and the hint', () => {
    const problems = [
      { message: 'one', line: 3, column: 5 },
      { message: 'two', line: 4 },
      { message: 'three' },
    ];
    const error = new CapnhookError('HOOKS_FILE', 'Cannot use it', { problems, hint: 'Mend it.' });
    expect(renderError(error)).toBe('capnhook: Cannot use it\n  3:5: one\n  4:1: two\n  three\n  Mend it.\n');
  });

  it('renderBug() has the trace, whatever was thrown, and no URL', () => {
    expect(renderBug(new Error('see https://a.example/s3cret'))).toMatch(
      /bug in capnhook.*\nError: see https:\/\/a\.example\/…\n {4}at /,
    );
    expect(renderBug('odd')).toMatch(/:\nodd\n$/);
    const bare = new Error('bare');
    delete (bare as { stack?: string }).stack;
    expect(renderBug(bare)).toMatch(/:\nbare\n$/);
  });
});

describe('renderSummary()', () => {
  const nothing = emptySummary();
  const soon = new Date(now + 240_000).toISOString();
  it.each<[Partial<DrainSummary>, string]>([
    [{}, 'delivered 0, 0 still queued'],
    [{ delivered: 1 }, 'delivered 1, 0 still queued'],
    [
      { delivered: 3, failed: 1, gaveUp: 2, unclaimed: 1, corrupt: 4, owed: 0, waiting: 6 },
      'delivered 3, 1 attempt failed, gave up 2, 1 unclaimed, 4 moved to corrupt/, 6 still queued: 6 not taken in yet',
    ],
    [{ failed: 2, unclaimed: 2 }, 'delivered 0, 2 attempts failed, 2 unclaimed, 0 still queued'],
    [
      { owed: 2, queues: [{ endpoint: 'chat', count: 2, why: 'parked', what: '503', nextAttempt: soon }] },
      'delivered 0, 2 still queued: 2 for chat (parked: 503, next attempt in 4m)',
    ],
    [
      {
        owed: 3,
        queues: [
          { endpoint: 'a', count: 1, why: 'paused', what: 'it answered 410 Gone' },
          { endpoint: 'b', count: 1, why: 'alone', nextAttempt: soon },
          { endpoint: 'c', count: 1, why: 'paced', nextAttempt: soon },
        ],
      },
      'delivered 0, 3 still queued: 1 for a (paused: it answered 410 Gone), 1 for b (failed alone, next attempt in 4m), 1 for c (its rate limit is reached, next attempt in 4m)',
    ],
    [
      {
        owed: 1,
        queues: [{ endpoint: 'a', count: 1, why: 'due', what: 'there is no connection to it yet' }],
      },
      'delivered 0, 1 still queued: 1 for a (due now: there is no connection to it yet)',
    ],
    [
      {
        owed: 30,
        waiting: 1,
        queues: ['a', 'b', 'c', 'd'].map((endpoint) => ({ endpoint, count: 1, why: 'due' as const })),
        moreQueues: 5,
      },
      'delivered 0, 31 still queued: 1 for a (due now), 1 for b (due now), 1 for c (due now), 27 for 6 other endpoints, 1 not taken in yet',
    ],
    [
      {
        owed: 1,
        queues: [
          {
            endpoint: 'a',
            count: 1,
            why: 'parked',
            what: 'x\u001b',
            nextAttempt: new Date(now - 1).toISOString(),
          },
        ],
      },
      'delivered 0, 1 still queued: 1 for a (parked: x\\u{1b}, next attempt with the next drain)',
    ],
  ])('renderSummary() of %j', (summary, text) =>
    expect(renderSummary({ ...nothing, ...summary }, now)).toBe(text),
  );
});

describe('render/text', () => {
  it.each([
    ['plain ü', 'plain ü'],
    ['a\u001b]0;x\u0007', 'a\\u{1b}]0;x\\u{7}'],
    ['\u202Eevil\u2028', '\\u{202e}evil\\u{2028}'],
  ])('safe() of %j', (text, shown) => expect(safe(text)).toBe(shown));

  it.each([
    ["unknown command 'https://me:pw@a.example:1/x?y#z'", "unknown command 'https://a.example:1/…'"],
    ['HTTP://A.example', 'http://a.example/…'],
    ['two http://a.example/x and http://b.example/y!', 'two http://a.example/… and http://b.example/…'],
    ['https://[nope/s3cret', 'a URL'],
    ['file:///src/x.js:1 stays', 'file:///src/x.js:1 stays'],
  ])('hideUrls() of %j', (text, shown) => expect(hideUrls(text)).toBe(shown));

  it('count() and renderDue()', () => {
    expect([count(1, 'event'), count(0, 'event'), count(2, 'delivery', 'deliveries')]).toEqual([
      '1 event',
      '0 events',
      '2 deliveries',
    ]);
    expect(
      [now - 1, now, now + 499, now + 1_501, now + 90_000_000].map((due) => renderDue(due, now)),
    ).toEqual(['in 0s', 'in 0s', 'in 0s', 'in 2s', 'in 1d 1h']);
  });

  it('createStyle() paints only where it is wanted', async () => {
    const [painted, plain] = [await createStyle(true), await createStyle(false)];
    expect(painted.bad('x')).toBe('\u001b[31mx\u001b[39m');
    expect([plain.good('x'), plain.bad('x'), plain.faint('x')]).toEqual(['x', 'x', 'x']);
  });
});

describe('exitCodeOf()', () => {
  it.each([
    ['USAGE', 64],
    ['BAD_PAYLOAD', 65],
    ['NO_INPUT', 66],
    ['SPOOL_CREATE', 73],
    ['SPOOL_WRITE', 74],
    ['TEMPORARY', 75],
    ['BUSY', 75],
    ['PERMISSION', 77],
    ['HOOKS_FILE', 78],
  ] as const)('exitCodeOf(%s) is %d', (code, exit) => expect(exitCodeOf(code)).toBe(exit));
});

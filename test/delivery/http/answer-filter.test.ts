import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnswerFilter } from '../../../src/delivery/http/answer-filter.js';

/** What comes out of a filter for what goes in, and the answer that it knows of. */
function filtered(pieces: readonly (string | Buffer)[]) {
  const filter = createAnswerFilter({ onHeard: () => undefined, onStatus: () => undefined });
  const left = pieces.map((piece) => filter.pass(Buffer.from(piece))).filter((bytes) => bytes !== null);
  const { status, head, rest } = filter.received() ?? {};
  return {
    passed: Buffer.concat(left).toString('latin1'),
    status,
    head: head?.toString('latin1'),
    rest: rest?.toString('latin1'),
  };
}

const interims = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nbad header\r\n\r\n',
  'HTTP/1.1 100 \n\n',
  'HTTP/1.0 199 x\n\r\n',
];

describe('createAnswerFilter()', () => {
  it('pass() takes interim answers out, and passes on the final head in one piece, however it comes', () => {
    const answers = fc.constantFrom(
      { head: 'HTTP/1.1 204 No Content\r\n\r\n', body: '', status: 204 },
      { head: 'HTTP/1.1 200 OK\r\nx: 1\r\n\r\n', body: 'HTTP/1.1 100 Continue\r\n\r\n!!!', status: 200 },
      { head: 'HTTP/1.0 422\n\n', body: 'a\r\n\r\nb', status: 422 },
      { head: 'http/1.1 500 \r\n folded\n\r\n', body: 'x', status: 500 },
      { head: 'HTTP/1.1 101 Switching Protocols\r\n\r\n', body: 'x', status: 101 },
    );
    const before = fc.array(fc.constantFrom(...interims, '\r\n'), { maxLength: 4 });
    fc.assert(
      fc.property(before, answers, fc.array(fc.nat(200)), (first, { head, body, status }, cuts) => {
        const bytes = Buffer.from(first.join('') + head + body);
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, n) => bytes.subarray(at[n], end));
        const result = filtered(pieces.filter(({ length }) => length > 0));
        expect(result).toMatchObject({ passed: head + body, status, head });
        expect(body.startsWith(result.rest!)).toBe(true);
      }),
    );
  });

  it('pass() takes a status line that is not whole for an answer as soon as the status is known', () => {
    expect(filtered(['HTTP/1.1 200'])).toMatchObject({ passed: '', status: undefined });
    expect(filtered(['HTTP/1.1 200 '])).toMatchObject({ passed: '', status: 200, head: 'HTTP/1.1 200 ' });
    expect(filtered(['HTTP/1.1 503\r\nretry-after: 3\r\nx']).head).toContain('retry-after: 3');
  });

  it.each(['garbage', 'HTTP/1.1 1000 x\r\n\r\n', 'HTTP/1.1 099 x\r\n', 'HTTP/1.1 2x4 x\r\n', '<html>'])(
    'pass() passes on what is not an answer: %j',
    (text) => {
      expect(filtered([text])).toMatchObject({ passed: text, status: undefined });
    },
  );

  it('pass() holds no more than a head may be long', () => {
    const long = `HTTP/1.1 200 ${'x'.repeat(70_000)}`;
    expect(filtered([long])).toMatchObject({ passed: long, status: 200 });
    expect(filtered([...long]).passed).toHaveLength(long.length);
  });

  it('isHttp2() knows the first frame of a server of HTTP/2', () => {
    const filter = createAnswerFilter({ onHeard: () => undefined, onStatus: () => undefined });
    const settings = Buffer.from('000012040000000000', 'hex');
    expect(filter.pass(settings.subarray(0, 4))).toBeNull();
    expect(filter.pass(settings.subarray(4))).toEqual(settings);
    expect(filter.isHttp2()).toBe(true);
    expect(filter.received()).toBeUndefined();
  });

  it('begin() forgets the last answer', () => {
    let [heard, known] = [0, 0];
    const filter = createAnswerFilter({ onHeard: () => (heard += 1), onStatus: () => (known += 1) });
    filter.pass(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    expect(filter.pass(Buffer.from(interims[0]!))?.toString()).toBe(interims[0]);
    expect([heard, known]).toEqual([1, 1]);
    filter.begin();
    expect(filter.received()).toBeUndefined();
    expect(filter.pass(null)).toBeNull();
    expect(filter.pass(Buffer.from(interims[0]!))).toBeNull();
    expect([heard, known]).toEqual([2, 1]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createContinueFilter } from '../../src/delivery/continue-filter.js';

/** What comes out of a filter for what goes in, and how many answers it took out. */
function filtered(pieces: readonly Buffer[]): { text: string; taken: number } {
  let taken = 0;
  const filter = createContinueFilter(() => {
    taken += 1;
  });
  const left = pieces.map((piece) => filter.pass(piece)).filter((bytes) => bytes !== null);
  return { text: Buffer.concat(left).toString('latin1'), taken };
}

const interim = 'HTTP/1.1 100 Continue\r\n\r\n';

describe('createContinueFilter()', () => {
  it('takes out each answer at the beginning, and nothing else, however it comes in pieces', () => {
    const rest = fc.constantFrom(
      'HTTP/1.1 204 No Content\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 28\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n!!!',
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 x\r\n\r\n',
      'HTTP/1.1 1000 x\r\n\r\n',
      'garbage',
    );
    fc.assert(
      fc.property(fc.nat(3), rest, fc.array(fc.nat(120)), (count, text, cuts) => {
        const bytes = Buffer.from(interim.repeat(count) + text);
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, n) => bytes.subarray(at[n], end));
        expect(filtered(pieces.filter(({ length }) => length > 0))).toEqual({ text, taken: count });
      }),
    );
  });

  it('knows the end of a head with bare line feeds', () => {
    const answer = 'HTTP/1.1 204 No Content\r\n\r\n';
    expect(filtered([Buffer.from(`HTTP/1.1 100 Continue\n\n${answer}`)])).toEqual({ text: answer, taken: 1 });
    expect(filtered([Buffer.from('HTTP/1.1 100 \r\n'), Buffer.from(`\r\n${answer}`)])).toEqual({
      text: answer,
      taken: 1,
    });
  });

  it('holds no more than a head may be long', () => {
    const long = Buffer.from(`HTTP/1.1 100 ${'x'.repeat(20_000)}`);
    expect(filtered([long]).text).toHaveLength(long.length);
  });

  it('looks again at what comes after begin(), and passes null on', () => {
    let taken = 0;
    const filter = createContinueFilter(() => {
      taken += 1;
    });
    expect(filter.pass(Buffer.from('x'))?.toString()).toBe('x');
    expect(filter.pass(Buffer.from(interim))?.toString()).toBe(interim);
    filter.begin();
    expect(filter.pass(null)).toBeNull();
    expect(filter.pass(Buffer.from(interim))).toBeNull();
    expect(taken).toBe(1);
  });
});

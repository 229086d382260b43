import { describe, expect, it } from 'vitest';
import { parseByteSize } from '../../src/shared/byte-size.js';

describe('parseByteSize()', () => {
  it.each([
    ['1B', 1],
    ['10kB', 10_000],
    ['1.5GB', 1_500_000_000],
    ['1KiB', 1_024],
    ['1GiB', 1_073_741_824],
    ['0.5MiB', 524_288],
  ])('reads %s as %d bytes', (text, bytes) => expect(parseByteSize(text)).toBe(bytes));

  it.each(['', '1', '1G', '1 GiB', '-1GiB', '1gib', '1e3B', '0B', '999999999999999TiB', '1kiB'])(
    'refuses %j',
    (text) => expect(parseByteSize(text)).toBeUndefined(),
  );
});

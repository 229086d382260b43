import fc from 'fast-check';

/**
 * Any code point, lone halves of surrogate pairs included. fast-check's own unit `binary` is the same, but a test that
 * uses it lists all 1,114,112 of them first, which takes seconds.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10ffff })
  .map((codePoint) => String.fromCodePoint(codePoint));

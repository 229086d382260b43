import fc from 'fast-check';

/** White space as RFC 8259 has it, mostly none. */
export const space: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t', '\r\n'), maxLength: 4 }),
);

const character = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).map(raw) },
  fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t', '{', '}', '[', ']', ',', ':', "'"),
  fc.stringMatching(/^\\u[0-9A-Fa-f]{4}$/),
  fc.constantFrom('\u007f', '\u2028', '\ufeff', '\uffff', '\u{10ffff}', '\\ud800', '\\ud83d\\ude00'),
);

/** The spelling of a string, quotes and escapes included. */
const stringText: fc.Arbitrary<string> = fc
  .array(character, { maxLength: 8 })
  .map((characters) => `"${characters.join('')}"`);

/** The spelling of a number, such as `-0`, `1.0` or `1e400`. */
const numberText: fc.Arbitrary<string> = fc.stringMatching(
  /^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,4})?$/,
);

const key = fc.oneof(
  stringText,
  fc.constantFrom('"a"', '"a"', '"__proto__"', '"constructor"', '"payload"', '"p\\u0061yload"', '""'),
);

function members(value: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  const member = fc
    .tuple(space, key, space, space, value, space)
    .map(([a, k, b, c, v, d]) => `${a}${k}${b}:${c}${v}${d}`);
  return fc.array(member, { maxLength: 5 });
}

/** JSON text of any layout, without white space around it: duplicate keys, any spelling of numbers and strings. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', '0', '""', '[]', '{}', '[ ]', '{\n}'),
    numberText,
    stringText,
    fc
      .array(
        fc.tuple(space, tie('value'), space).map((parts) => parts.join('')),
        { maxLength: 5 },
      )
      .map((elements) => `[${elements.join(',')}]`),
    members(tie('value')).map((list) => `{${list.join(',')}}`),
  ),
})).value;

/** A JSON object of any layout. */
export const objectText: fc.Arbitrary<string> = fc
  .tuple(space, members(jsonText), space)
  .map(([before, list, after]) => `${before}{${list.length > 0 ? list.join(',') : '\t'}}${after}`);

/** What may stand in a JSON string as it is; anything else escaped. */
function raw(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

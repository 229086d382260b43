import type { JsonFault } from './json-scan.js';
import { characterEnd, isSpace, scanJson, skipSpace } from './json-scan.js';

/** Why bytes are not one JSON text, and what to do about it. */
export interface JsonProblem {
  /** What is wrong: a clause without a full stop, such as `a trailing comma at line 3, column 8`. */
  reason: string;
  /** One sentence that says what to do. */
  hint: string;
  /** Set for the two kinds for which a caller may know a better hint. */
  kind?: 'truncated' | 'two values';
}

/** The text around the offset of a fault, for the rules below. */
interface Scene {
  bytes: Uint8Array;
  /** Where the scan stopped. */
  offset: number;
  /** What the scan expected there; `end` means that text follows the value. */
  expected: JsonFault['expected'] | 'end';
  /** The byte there, and the one after it; -1 after the end. */
  byte: number;
  next: number;
  /** The word there, with its sign: `NaN`, `-Infinity`, `True`, `hello`; empty if there is none. */
  word: string;
  /** Whether the bytes are one line of a batch. */
  line: boolean;
  /** The position in words, such as ` at line 2, column 5`. */
  at: string;
}

type Rule = (scene: Scene) => JsonProblem | undefined;

const QUOTE_HINT =
  'Write keys and texts in double quotes; in a shell, put single quotes around the whole: \'{"id":1}\'.';
const LITERAL_HINT = 'JSON writes true, false and null in lower case; in Python, json.dumps() does.';

/** The first rule that matches gives the reason, so their order matters. */
const RULES: readonly Rule[] = [
  byteOrderMark,
  utf16,
  emptyText,
  truncated,
  notUtf8,
  nulByte,
  controlCharacter,
  badEscape,
  singleQuote,
  comment,
  trailingComma,
  notInJson,
  capitalised,
  badNumber,
  unquoted,
  typographic,
  twoValues,
  trailingText,
  missing,
];

/**
 * Explains why bytes are not one JSON text.
 *
 * @param fault the fault from `scanJson`, or the offset of the text after the value
 * @param line whether the bytes are one line of a batch: positions then name only the column
 */
export function explainJson(bytes: Uint8Array, fault: JsonFault | number, line = false): JsonProblem {
  const scene = sceneOf(bytes, fault, line);
  for (const rule of RULES) {
    const problem = rule(scene);
    if (problem !== undefined) return problem;
  }
  return { reason: `an unexpected character${scene.at}`, hint: 'Check the text there, with jq for example.' };
}

function sceneOf(bytes: Uint8Array, fault: JsonFault | number, line: boolean): Scene {
  const offset = typeof fault === 'number' ? fault : fault.offset;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'latin1',
    offset,
    offset + 41,
  );
  return {
    bytes,
    offset,
    expected: typeof fault === 'number' ? 'end' : fault.expected,
    byte: bytes[offset] ?? -1,
    next: bytes[offset + 1] ?? -1,
    word: /^-?[A-Za-z_$][\w$]*/.exec(text)?.[0] ?? '',
    line,
    at: position(bytes, offset, line),
  };
}

/** Formats an offset as ` at line 2, column 5`, both from 1. Columns count characters. */
function position(bytes: Uint8Array, offset: number, line: boolean): string {
  let lines = 1;
  let column = 1;
  for (let at = 0; at < offset; at++) {
    const byte = bytes[at]!;
    if (byte === 0x0a) {
      lines += 1;
      column = 1;
    } else if ((byte & 0xc0) !== 0x80) column += 1;
  }
  return line ? ` at column ${column}` : ` at line ${lines}, column ${column}`;
}

function byteOrderMark({ bytes }: Scene): JsonProblem | undefined {
  if (bytes[0] !== 0xef || bytes[1] !== 0xbb || bytes[2] !== 0xbf) return undefined;
  return {
    reason: 'a byte-order mark before the JSON text',
    hint: 'Save it as UTF-8 without a byte-order mark, or strip the three bytes: tail -c +4 <file>.',
  };
}

/** Detects UTF-16 by its byte-order mark, or by the NULs in its first two characters (RFC 4627, section 3). */
function utf16({ bytes }: Scene): JsonProblem | undefined {
  const [first = -1, second = -1, third = first, fourth = second] = bytes;
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second > 0 && third === 0);
  const little = (first === 0xff && second === 0xfe) || (first > 0 && second === 0 && fourth === 0);
  if ((!big && !little) || bytes.length % 2 === 1) return undefined;
  const order = big ? 'UTF-16BE' : 'UTF-16LE';
  return { reason: 'UTF-16 instead of UTF-8', hint: `Convert it: iconv -f ${order} -t UTF-8 <file>.` };
}

function emptyText({ bytes, expected }: Scene): JsonProblem | undefined {
  if (expected !== 'value' || skipSpace(bytes, 0) < bytes.length) return undefined;
  return {
    reason: bytes.length === 0 ? 'no JSON text: it is empty' : 'no JSON text: it is only white space',
    hint: 'Check that what writes it did not fail; to send nothing on purpose, send null or {}.',
  };
}

function truncated({ byte, at }: Scene): JsonProblem | undefined {
  if (byte >= 0) return undefined;
  return {
    kind: 'truncated',
    reason: `an unexpected end${at}`,
    hint: 'The JSON text is cut off: check that what wrote it had finished.',
  };
}

function notUtf8({ bytes, offset, byte, line, at }: Scene): JsonProblem | undefined {
  if (byte < 0x80 || characterEnd(bytes, offset) >= 0) return undefined;
  const hex = byte.toString(16).toUpperCase();
  return {
    reason: `not UTF-8: the byte 0x${hex} at offset ${offset}${line ? ' of the line' : at.replace(' at ', ' (').concat(')')}`,
    hint: 'Convert it to UTF-8; if it is Latin-1: iconv -f LATIN1 -t UTF-8 <file>.',
  };
}

function nulByte({ byte, at }: Scene): JsonProblem | undefined {
  if (byte !== 0) return undefined;
  return { reason: `a NUL byte${at}`, hint: 'Check that it is text at all; inside a string NUL is \\u0000.' };
}

function controlCharacter({ byte, at }: Scene): JsonProblem | undefined {
  if (byte >= 0x20 && byte !== 0x7f) return undefined;
  const code = byte.toString(16).toUpperCase().padStart(4, '0');
  return {
    reason: `an unescaped control character (U+${code})${at}`,
    hint: 'In a JSON string a line break is written \\n and a tab \\t; jq -Rs . writes any text so.',
  };
}

function badEscape({ byte, expected, at }: Scene): JsonProblem | undefined {
  if (expected !== 'string' || byte !== 0x5c) return undefined;
  return {
    reason: `an unknown escape${at}`,
    hint: 'In a JSON string a backslash itself is written \\\\ (as in C:\\\\temp).',
  };
}

function singleQuote({ byte, at }: Scene): JsonProblem | undefined {
  return byte === 0x27 ? { reason: `a single quote${at}`, hint: QUOTE_HINT } : undefined;
}

function comment({ byte, next, at }: Scene): JsonProblem | undefined {
  const slashes = byte === 0x2f && (next === 0x2f || next === 0x2a);
  if (!slashes && byte !== 0x23) return undefined;
  return { reason: `a comment${at}`, hint: 'JSON has no comments: remove it.' };
}

function trailingComma({ bytes, offset, byte, expected, at }: Scene): JsonProblem | undefined {
  const closes = (expected === 'value' && byte === 0x5d) || (expected === 'key' && byte === 0x7d);
  let before = offset - 1;
  while (before > 0 && isSpace(bytes[before])) before -= 1;
  if (!closes || bytes[before] !== 0x2c) return undefined;
  return {
    reason: `a trailing comma before the closing ${byte === 0x5d ? 'bracket' : 'brace'}${at}`,
    hint: 'Remove the comma after the last element.',
  };
}

function notInJson({ bytes, offset, expected, word, at }: Scene): JsonProblem | undefined {
  // The scan of a number stops after its sign.
  const sign = expected === 'number' && bytes[offset - 1] === 0x2d ? '-' : '';
  if (word !== 'NaN' && word !== 'Infinity' && word !== 'undefined') return undefined;
  return { reason: `${sign}${word}${at}, which JSON does not have`, hint: 'Send null or a string instead.' };
}

function capitalised({ expected, word, at }: Scene): JsonProblem | undefined {
  if (expected !== 'value' || !/^(?:true|false|null|none|nil)$/i.test(word)) return undefined;
  return { reason: `${word}${at} instead of ${literalFor(word)}`, hint: LITERAL_HINT };
}

function literalFor(word: string): string {
  const lower = word.toLowerCase();
  return lower === 'none' || lower === 'nil' ? 'null' : lower;
}

function badNumber({ bytes, byte, next, offset, expected, at }: Scene): JsonProblem | undefined {
  const leading = expected === 'value' && (byte === 0x2b || byte === 0x2e) && next >= 0x30 && next <= 0x39;
  if (expected !== 'number' && !leading) return undefined;
  const zero = bytes[offset - 1] === 0x30 && byte >= 0x30 && byte <= 0x39;
  return {
    reason: `${zero ? 'a number with a leading zero' : 'a malformed number'}${at}`,
    hint: 'A JSON number is written like 0, -1, 1.5 or 1e9; anything else, such as 007, as a string.',
  };
}

function unquoted({ bytes, offset, expected, word, at }: Scene): JsonProblem | undefined {
  if (word === '' || (expected !== 'value' && expected !== 'key')) return undefined;
  if (expected === 'key') return { reason: `a key without quotes${at}`, hint: QUOTE_HINT };
  if (skipSpace(bytes, 0) < offset) return { reason: `text without quotes${at}`, hint: QUOTE_HINT };
  return {
    reason: `text instead of JSON${at}`,
    hint: 'If it is meant as a text, quote it: \'"like this"\', or pass it through jq -Rs . first.',
  };
}

function typographic({ bytes, offset, byte, at }: Scene): JsonProblem | undefined {
  if (byte < 0x80) return undefined;
  const end = characterEnd(bytes, offset);
  const character = Buffer.from(bytes.subarray(offset, end)).toString('utf8');
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return {
    reason: `a character that is allowed only inside a string (U+${code})${at}`,
    hint: 'Look for typographic quotes and no-break spaces, and write plain ones.',
  };
}

function twoValues({ bytes, offset, byte, expected, at }: Scene): JsonProblem | undefined {
  if (expected !== 'end') return undefined;
  const apart = isSpace(bytes[offset - 1]) || byte === 0x7b || byte === 0x5b || byte === 0x22;
  if (!apart || !scanJson(bytes, offset).ok) return undefined;
  return {
    kind: 'two values',
    reason: `a second JSON value${at}`,
    hint: 'Use --ndjson to fire one event for each line, or put the values into one list.',
  };
}

function trailingText({ expected, at }: Scene): JsonProblem | undefined {
  if (expected !== 'end') return undefined;
  return {
    reason: `text after the JSON value${at}`,
    hint: 'Remove it; or, if the whole is meant as a text, quote it: jq -Rs . does.',
  };
}

function missing({ expected, byte, at }: Scene): JsonProblem | undefined {
  if (expected === 'comma') {
    return { reason: `a missing comma or closing bracket${at}`, hint: 'Check the text just before it.' };
  }
  if (expected === 'colon') {
    return { reason: `a missing colon${at}`, hint: 'Between a key and its value there is a colon.' };
  }
  if (expected === 'value' && (byte === 0x2c || byte === 0x5d || byte === 0x7d)) {
    return {
      reason: `a missing value${at}`,
      hint: 'Put a value there, null perhaps, or remove the comma.',
    };
  }
  if (expected === 'key') return { reason: `a missing key${at}`, hint: QUOTE_HINT };
  return undefined;
}

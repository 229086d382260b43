const plain = /^[ -~]*$/;

/** Escapes control characters, as in `\u{1b}`, so that text cannot move the cursor, change colours or hide. */
export function visible(text: string): string {
  if (plain.test(text)) return text; // most texts are, and replacing costs
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

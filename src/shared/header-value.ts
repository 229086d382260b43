/** Whether a text can stand in an HTTP header: visible characters, space and tab, Latin-1 (RFC 9110, section 5.5). */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

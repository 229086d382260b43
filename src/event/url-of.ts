/**
 * Parses a URL; undefined if the text is not one.
 *
 * Not by `URL.canParse`: of Node 20.20, once V8 has optimised it, it refuses URLs
 * with Latin-1 letters that `new URL` takes.
 */
export function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

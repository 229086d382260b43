/**
 * Who may see the page: a browser that has shown the token, or a one-time code. It gets a cookie, which no script and no
 * other site can use. All three are 256 random bits.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** How long a one-time code is good, in ms: a browser may take long to start. */
const codeLifeMs = 120_000;

export interface SessionOptions {
  /** Returns `count` random bytes. */
  random(count: number): Uint8Array;
  /** ms, never goes back. */
  monotonic(): number;
}

export interface Sessions {
  /** Printed at the start; good for as long as the page is served. */
  readonly token: string;
  /** Makes a code that is good once, and for two minutes. */
  issueCode(): string;
  /** The cookie's value for a token or a code; undefined for anything else. */
  enter(given: string): string | undefined;
  /** Whether a cookie has this value. */
  isOpen(cookie: string | undefined): boolean;
}

/** Makes the sessions of one start of the page. */
export function createSessions({ random, monotonic }: SessionOptions): Sessions {
  const secret = (): string => Buffer.from(random(32)).toString('base64url');
  const token = secret();
  const cookie = secret();
  let code: { text: string; until: number } | undefined;

  return {
    token,
    issueCode() {
      code = { text: secret(), until: monotonic() + codeLifeMs };
      return code.text;
    },
    enter(given) {
      if (isSame(given, token)) return cookie;
      if (code === undefined || monotonic() > code.until || !isSame(given, code.text)) return undefined;
      code = undefined;
      return cookie;
    },
    isOpen: (value) => value !== undefined && isSame(value, cookie),
  };
}

/** Compares in a time that tells nothing of the texts. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

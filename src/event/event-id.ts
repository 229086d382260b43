/** Crockford's base32 alphabet, as the ULID specification uses it. */
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const EVENT_ID = /^[A-Za-z0-9_-]{1,128}$/;
/** 26 characters of base32 hold 130 bits, a ULID 128: the first one is at most 7. */
const GENERATED_ID = /^evt_([0-7][0-9A-HJKMNP-TV-Z]{9})[0-9A-HJKMNP-TV-Z]{16}(?:_[1-9][0-9]{0,14})?$/;
const MAX_TIME_MS = 2 ** 48 - 1;
const RANDOM_BYTES = 10;

/**
 * Makes the id of an event: `evt_` and a ULID of 26 characters (10 for the
 * time, 16 for the randomness), so that ids sort by time.
 *
 * @param timeMs milliseconds since the epoch, a whole number of at most 48 bits
 * @param random 10 random bytes
 * @throws {RangeError} if either is out of range
 * @see https://github.com/ulid/spec
 */
export function createEventId(timeMs: number, random: Uint8Array): string {
  if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs > MAX_TIME_MS) {
    throw new RangeError('Cannot create an event id: the time is not a 48-bit number of milliseconds');
  }
  if (random.length !== RANDOM_BYTES) {
    throw new RangeError(`Cannot create an event id: it takes ${RANDOM_BYTES} random bytes`);
  }
  return `evt_${base32(timeMs, 10)}${base32(uint40(random, 0), 8)}${base32(uint40(random, 5), 8)}`;
}

/** Whether a text is a valid event id, generated or chosen: `[A-Za-z0-9_-]{1,128}`, safe as a file's name. */
export function isEventId(text: string): boolean {
  return EVENT_ID.test(text);
}

/** Whether a text is an id from {@link createEventId}, or from {@link batchMemberId} of one. */
export function isGeneratedId(text: string): boolean {
  return GENERATED_ID.test(text);
}

/** When a generated id (or its batch's) was created, in ms since the epoch; undefined for other ids. */
export function timeOfId(id: string): number | undefined {
  const time = GENERATED_ID.exec(id)?.[1];
  if (time === undefined) return undefined;
  let timeMs = 0;
  for (const character of time) timeMs = timeMs * 32 + BASE32.indexOf(character);
  return timeMs;
}

/** The id of a batch's event *n* (from 1): `<batch id>_<n>`. */
export function batchMemberId(batchId: string, n: number): string {
  return `${batchId}_${n}`;
}

/**
 * Whether a text is an id, or the beginning of one. A number at the end of an id is never cut: `batch_1` is not the
 * beginning of `batch_10`, which is another event of that batch.
 */
export function isBeginningOf(text: string, id: string): boolean {
  if (!id.startsWith(text)) return false;
  return !(/\d$/.test(text) && /^\d+$/.test(id.slice(text.length)));
}

/** Five bytes from an offset on as one big-endian number. */
function uint40(bytes: Uint8Array, offset: number): number {
  let value = 0;
  for (const byte of bytes.subarray(offset, offset + 5)) value = value * 256 + byte;
  return value;
}

/** A number in base32, padded with zeros to a length. */
function base32(value: number, length: number): string {
  let text = '';
  let rest = value;
  while (text.length < length) {
    text = BASE32.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

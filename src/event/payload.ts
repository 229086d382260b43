import { explainJson } from './json-problem.js';
import { scanJson, skipSpace } from './json-scan.js';

/** The largest payload that is accepted: 64 MiB. */
export const maxPayloadBytes: number = 64 * 1024 * 1024;

/** The largest batch of payloads that is accepted, line breaks included: 1 GiB. */
export const maxBatchBytes: number = 1024 * 1024 * 1024;

/** The largest number of payloads that one batch may hold. */
export const maxBatchEvents = 1_000_000;

/** Why bytes are not a payload: a clause without a full stop, and a sentence on what to do. */
interface PayloadRefusal {
  ok: false;
  reason: string;
  hint: string;
}

/** A payload's exact bytes, or why it is refused. */
export type CheckedPayload = { ok: true; payload: Uint8Array } | PayloadRefusal;

/** The payloads of a batch in their order, or the first bad line (from 1). */
export type CheckedPayloads =
  | { ok: true; payloads: Uint8Array[] }
  | { ok: false; line: number; reason: string; hint: string };

const LINE_FEED = 0x0a;
const TOO_LARGE_HINT = 'Store the data elsewhere and send where it is.';

/**
 * Checks that bytes are exactly one JSON text in UTF-8 (RFC 8259): any value of
 * any depth, of at most {@link maxPayloadBytes}.
 *
 * The payload is a view of the given bytes, without the white space around the
 * value.
 */
export function checkPayload(bytes: Uint8Array): CheckedPayload {
  return check(bytes, false);
}

/**
 * Checks that bytes are one payload per line (NDJSON), each valid for
 * {@link checkPayload}. Lines end with `\n` or `\r\n`; the last one may end with
 * neither. Blank lines are counted and skipped. Input without a payload is refused.
 */
export function checkPayloads(bytes: Uint8Array): CheckedPayloads {
  if (bytes.length > maxBatchBytes) {
    return { ok: false, line: 1, reason: 'larger than the 1 GiB of a batch', hint: 'Split it into files.' };
  }
  const payloads: Uint8Array[] = [];
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed;
    line += 1;
    const checked = checkLine(bytes.subarray(start, end));
    if (checked !== undefined) {
      if (!checked.ok) return { ...checked, line };
      if (payloads.length === maxBatchEvents) return { ...tooMany, line };
      payloads.push(checked.payload);
    }
    start = end + 1;
  }
  if (payloads.length > 0) return { ok: true, payloads };
  return { ok: false, line: 1, reason: 'no payload in it', hint: 'Give one JSON text per line.' };
}

/** Checks one line of a batch, without its line feed; undefined for a blank one. */
export function checkLine(text: Uint8Array): CheckedPayload | undefined {
  return skipSpace(text, 0) < text.length ? check(text, true) : undefined;
}

/** The refusal of a batch with more than {@link maxBatchEvents} payloads. */
export const tooMany: PayloadRefusal = {
  ok: false,
  reason: 'more than a million payloads',
  hint: 'Split it into files: split -l 1000000 does.',
};

function check(bytes: Uint8Array, line: boolean): CheckedPayload {
  if (bytes.length > maxPayloadBytes) {
    return { ok: false, reason: 'larger than the 64 MiB of a payload', hint: TOO_LARGE_HINT };
  }
  const scan = scanJson(bytes, 0);
  const end = scan.ok ? skipSpace(bytes, scan.end) : 0;
  if (scan.ok && end === bytes.length) {
    const isAll = scan.start === 0 && scan.end === bytes.length; // nearly every line of a batch
    return { ok: true, payload: isAll ? bytes : bytes.subarray(scan.start, scan.end) };
  }
  const { reason, hint, kind } = explainJson(bytes, scan.ok ? end : scan, line);
  return { ok: false, reason, hint: line && kind !== undefined ? NDJSON_HINTS[kind] : hint };
}

/** Hints for a batch, in which each line is one payload. */
const NDJSON_HINTS = {
  truncated: 'Put each JSON text on one line of its own: jq -c . does.',
  'two values': 'Put each JSON text on a line of its own: jq -c . does.',
};

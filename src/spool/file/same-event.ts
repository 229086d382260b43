import type { parseBatch, parseEvent } from '../../event/record.js';

type Parsed = ReturnType<typeof parseEvent>;
type ParsedBatch = ReturnType<typeof parseBatch>;

/** Whether two event files say the same: hook, URLs and payload, whenever they were fired. */
export function sameEvent(a: Parsed, b: Parsed): boolean {
  return a.ok && b.ok && sameAddress(a, b) && Buffer.compare(a.payload, b.payload) === 0;
}

/** Whether two batch files say the same. */
export function sameBatch(a: ParsedBatch, b: ParsedBatch): boolean {
  if (!a.ok || !b.ok || !sameAddress(a, b) || a.payloads.length !== b.payloads.length) return false;
  return a.payloads.every((payload, n) => Buffer.compare(payload, b.payloads[n] as Uint8Array) === 0);
}

interface Address {
  hook?: string;
  to?: readonly string[];
}

function sameAddress(a: Address, b: Address): boolean {
  return (
    a.hook === b.hook &&
    a.to?.join('\n') === b.to?.join('\n') &&
    (a.to === undefined) === (b.to === undefined)
  );
}

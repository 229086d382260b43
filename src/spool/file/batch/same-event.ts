import type { parseBatch, parseEvent } from '../../../event/record.js';

type Parsed = ReturnType<typeof parseEvent>;
type ParsedBatch = ReturnType<typeof parseBatch>;

/** Whether two event files say the same: id, hook, URLs and payload, whenever they were fired. */
export function sameEvent(a: Parsed, b: Parsed): boolean {
  return a.ok && b.ok && sameHeader(a, b) && Buffer.compare(a.payload, b.payload) === 0;
}

/** Whether two batch files say the same. */
export function sameBatch(a: ParsedBatch, b: ParsedBatch): boolean {
  if (!a.ok || !b.ok || !sameHeader(a, b) || a.payloads.length !== b.payloads.length) return false;
  return a.payloads.every((payload, n) => Buffer.compare(payload, b.payloads[n] as Uint8Array) === 0);
}

/** What tells an event or batch from another, beside its payload. */
interface Identity {
  id?: string;
  hook?: string;
  to?: readonly string[];
}

/** Whether two headers say the same, whenever they were written. */
export function sameHeader(a: Identity, b: Identity): boolean {
  return (
    sameId(a.id, b.id) &&
    a.hook === b.hook &&
    a.to?.join('\n') === b.to?.join('\n') &&
    (a.to === undefined) === (b.to === undefined)
  );
}

/** Where case does not matter in a name, another id may lead to the same file. A file without one has its name's. */
function sameId(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

import { checkLine } from '../../../event/payload.js';
import type { Disk } from '../disk/disk.js';
import { type BatchText, isBlank, openBatchText } from './batch-text.js';
import { sameHeader } from './same-event.js';

/**
 * Whether two batch files say the same: id, hook, URLs and payloads, whenever they were fired.
 * @returns undefined if the first one is not there, or cannot be read
 * @throws the errno of an error that may pass
 */
export function sameBatchFile(disk: Disk, there: string, other: string): boolean | undefined {
  const inode = disk.lstatSync(there, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) return undefined;
  if (inode === disk.lstatSync(other, { throwIfNoEntry: false })?.ino) return true;
  const opened = [there, other].map((path) => openBatchText(disk, path));
  const texts = opened.flatMap((each) => (each.kind === 'open' ? [each.text] : []));
  try {
    const [a, b] = texts;
    return a !== undefined && b !== undefined && sameText(a, b);
  } finally {
    for (const text of texts) text.close();
  }
}

function sameText(a: BatchText, b: BatchText): boolean {
  if (!a.header.ok || !b.header.ok || !sameHeader(a.header, b.header)) return false;
  for (let [x, y] = [a.begin, b.begin]; ; ) {
    const [one, other] = [payloadAt(a, x), payloadAt(b, y)];
    if (one === undefined || other === undefined) return one === other;
    if (Buffer.compare(one.payload, other.payload) !== 0) return false;
    [x, y] = [one.end, other.end];
  }
}

/** The next payload of a batch that was checked. */
function payloadAt(text: BatchText, offset: number): { payload: Uint8Array; end: number } | undefined {
  for (let line = text.lineAt(offset); line !== undefined; line = text.lineAt(line.end)) {
    if (isBlank(line)) continue;
    const checked = checkLine(line.bytes);
    return { payload: checked?.ok ? checked.payload : line.bytes, end: line.end };
  }
  return undefined;
}

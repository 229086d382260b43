/**
 * Takes interim answers `100 Continue` out of what a connection receives. A
 * client must put up with one that it has not asked for (RFC 9110, section
 * 15.2), which some servers send to each POST; undici takes it for a bad answer.
 */

const lineStart = Buffer.from('HTTP/1.1 100');

/** More than this, in bytes, is no head of an interim answer. */
const mostHeadBytes = 16_384;

export interface ContinueFilter {
  /** The next bytes that are received begin an answer. */
  begin(): void;
  /** What is left of received bytes; null if that is nothing, or not known yet. */
  pass(chunk: Buffer | null): Buffer | null;
}

/** A filter before the first answer. @param onContinue called with each answer that is taken out */
export function createContinueFilter(onContinue: () => void): ContinueFilter {
  let isAtStart = true;
  let held: Buffer | undefined;

  return {
    begin() {
      isAtStart = true;
      held = undefined;
    },
    pass(chunk) {
      if (!isAtStart || chunk === null) return chunk;
      let bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
      while (mayBeContinue(bytes)) {
        const end = endOfHead(bytes);
        if (end < 0 && bytes.length > mostHeadBytes) break;
        if (end < 0) {
          held = bytes;
          return null;
        }
        onContinue();
        bytes = bytes.subarray(end);
        if (bytes.length > 0) continue;
        held = undefined;
        return null;
      }
      isAtStart = false;
      held = undefined;
      return bytes;
    },
  };
}

/** Where the head's empty line ends; less than 0 if that has not come yet. */
function endOfHead(bytes: Buffer): number {
  const ends = ['\r\n\r\n', '\n\n'].flatMap((empty) => {
    const at = bytes.indexOf(empty);
    return at < 0 ? [] : [at + empty.length];
  });
  return ends.length === 0 ? -1 : Math.min(...ends);
}

/** Whether it begins as such an answer does, as far as it goes. */
function mayBeContinue(bytes: Buffer): boolean {
  const known = Math.min(bytes.length, lineStart.length);
  if (bytes.compare(lineStart, 0, known, 0, known) !== 0) return false;
  const next = bytes[lineStart.length];
  return next === undefined || next === 0x20 || next === 0x0d;
}

/**
 * Reads ahead of undici's parser. What a connection receives passes through
 * here: interim answers (1xx) are taken out, since a client must put up with
 * those that it has not asked for (RFC 9110, section 15.2) and the parser does
 * not with all; and the head of the final answer is passed on in one piece, and
 * kept, so that the status counts whatever the parser dislikes about it.
 */
import { blankBytes, endOfHead, HTTP2_BYTES, isHttp2, readStatus, type StatusLine } from './answer-head.js';

/** A head of more bytes is passed on as far as it has come: the parser will refuse it. */
const MAX_HEAD_BYTES = 65_536;

const SWITCHING_PROTOCOLS = 101;

/** A final answer, as it has come so far. */
export interface ReceivedAnswer {
  status: number;
  /** From the status line on, perhaps not whole. */
  head: Buffer;
  /** What came with the end of the head. */
  rest: Buffer;
}

export interface AnswerFilter {
  /** The next bytes that are received begin an answer. */
  begin(): void;
  /** The part of received bytes that is passed on; null if there is none, or it is not known yet. */
  pass(chunk: Buffer | null): Buffer | null;
  /** The final answer, once its status is known. */
  received(): ReceivedAnswer | undefined;
  /** Whether the other side has begun to speak HTTP/2. */
  isHttp2(): boolean;
}

export interface AnswerFilterOptions {
  /** Called whenever bytes come before the final head is whole. */
  onHeard(): void;
  /** Called when the final status is known. */
  onStatus(): void;
}

/** Makes a filter for the answers of one connection. */
export function createAnswerFilter({ onHeard, onStatus }: AnswerFilterOptions): AnswerFilter {
  let isInHead = true;
  const held = createPile();
  let status: number | undefined;
  /** What was passed on with the end of the head, and where that is in it. */
  let passed: Buffer | undefined;
  let headEnd = 0;

  /** Passes on everything from now on. */
  function letThrough(bytes: Buffer, end: number): Buffer {
    isInHead = false;
    passed = bytes;
    headEnd = end;
    held.clear();
    return bytes;
  }

  /** Whether the status line is still to come, as far as these bytes tell. */
  function isUnknown(found: StatusLine, bytes: Buffer): boolean {
    return found === 'partial' || (found === 'none' && bytes[0] === 0 && bytes.length < HTTP2_BYTES);
  }

  return {
    begin() {
      isInHead = true;
      held.clear();
      status = undefined;
      passed = undefined;
    },
    pass(chunk) {
      if (!isInHead || chunk === null) return chunk;
      onHeard();
      let searched = Math.max(held.bytes().length - 3, 0);
      let bytes = held.add(chunk);
      for (;;) {
        if (status === undefined) bytes = held.skip(blankBytes(bytes));
        const found = status ?? readStatus(bytes);
        if (isUnknown(found, bytes)) return null;
        if (typeof found !== 'number') return letThrough(bytes, 0);
        const isInterim = found < 200 && found !== SWITCHING_PROTOCOLS;
        if (!isInterim && status === undefined) {
          status = found;
          onStatus();
        }
        const end = endOfHead(bytes, searched);
        if (end < 0 && bytes.length <= MAX_HEAD_BYTES) return null;
        if (!isInterim || end < 0) return letThrough(bytes, end < 0 ? bytes.length : end);
        bytes = held.skip(end);
        searched = 0;
      }
    },
    received() {
      if (status === undefined) return undefined;
      const bytes = passed ?? held.bytes();
      const end = passed === undefined ? bytes.length : headEnd;
      return { status, head: bytes.subarray(0, end), rest: bytes.subarray(end) };
    },
    isHttp2: () => passed !== undefined && isHttp2(passed),
  };
}

/** Bytes that are collected. Its buffer doubles, so that a head that comes byte by byte is not copied with each of them. */
interface Pile {
  bytes(): Buffer;
  /** Adds bytes. @returns all that there are */
  add(chunk: Buffer): Buffer;
  /** Drops bytes at the beginning. @returns those that are left */
  skip(count: number): Buffer;
  clear(): void;
}

const NOTHING: Buffer = Buffer.alloc(0);

function createPile(): Pile {
  let bytes = NOTHING;
  /** Our own buffer, with room behind the bytes; undefined where they are part of a buffer that was received. */
  let room: Buffer | undefined;

  return {
    bytes: () => bytes,
    add(chunk) {
      if (bytes.length === 0) {
        bytes = chunk;
        return bytes;
      }
      const length = bytes.length + chunk.length;
      if (room === undefined || room.length < length) {
        room = Buffer.allocUnsafe(2 * length);
        bytes.copy(room);
      }
      chunk.copy(room, bytes.length);
      bytes = room.subarray(0, length);
      return bytes;
    },
    skip(count) {
      if (count > 0) {
        bytes = bytes.subarray(count);
        room = undefined;
      }
      return bytes;
    },
    clear() {
      bytes = NOTHING;
      room = undefined;
    },
  };
}

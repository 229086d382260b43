/**
 * The bytes of large payloads in flight, each of which is in memory. They share
 * a common room; an endpoint without one in flight has room for one of its own
 * beside it. All is bounded, and those that wait go in their order.
 */
const mebibyte = 2 ** 20;

/** A payload of more bytes than this is large. */
const largeBytes = 256 * 2 ** 10;

/** Room for all endpoints, in bytes. */
const commonBytes = 64 * mebibyte;

/** An endpoint's first payload that finds no common room: up to this many bytes there is a room apart, behind no larger one. */
const mediumBytes = 4 * mebibyte;
const mediumRoomBytes = 64 * mebibyte;
const largestRoomBytes = 192 * mebibyte;

export interface LargePayloads {
  /**
   * Takes room for a payload, and returns how it is left; nothing where the endpoint has to wait, and is told.
   * Payloads that are not large take none.
   */
  enter(endpoint: string, bytes: number): (() => void) | undefined;
  /** Whether the endpoint waits for room. */
  isWaiting(endpoint: string): boolean;
  /** The endpoint had its turn: room that it was told of and has not taken is the next one's. */
  hadTurn(endpoint: string): void;
}

interface Room {
  max: number;
  used: number;
  /** Endpoints that wait, in their order, and for how many bytes. */
  queue: Map<string, number>;
  /** The one that was told of room, and has not taken it yet. */
  called: string | undefined;
}

/** Room for payloads, all of it free. @param onRoom told of an endpoint that waited and may try again */
export function createLargePayloads(onRoom: (endpoint: string) => void): LargePayloads {
  const common = roomOf(commonBytes);
  const medium = roomOf(mediumRoomBytes);
  const largest = roomOf(largestRoomBytes);
  /** How many large payloads an endpoint has in flight. */
  const held = new Map<string, number>();
  const waiting = new Map<string, Room>();
  const called = new Map<string, Room>();

  function isFreeFor(room: Room, endpoint: string, bytes: number): boolean {
    const isNext = room.called === endpoint || (room.called === undefined && room.queue.size === 0);
    return isNext && fits(room, bytes);
  }

  function roomFor(endpoint: string, bytes: number): Room | undefined {
    if (isFreeFor(common, endpoint, bytes)) return common;
    const own = bytes > mediumBytes ? largest : medium;
    return !held.has(endpoint) && isFreeFor(own, endpoint, bytes) ? own : undefined;
  }

  function wait(endpoint: string, bytes: number): void {
    const own = bytes > mediumBytes ? largest : medium;
    const room = held.has(endpoint) ? common : own;
    const isFirst = room.called === endpoint;
    if (isFirst) room.queue = new Map([[endpoint, bytes], ...room.queue]);
    else room.queue.set(endpoint, bytes);
    waiting.set(endpoint, room);
  }

  function callNext(room: Room): void {
    if (room.called !== undefined) return;
    for (const [endpoint, bytes] of room.queue) {
      if (!fits(room, bytes) && (room === common || !isFreeFor(common, endpoint, bytes))) return;
      room.queue.delete(endpoint);
      waiting.delete(endpoint);
      room.called = endpoint;
      called.set(endpoint, room);
      onRoom(endpoint);
      return;
    }
  }

  function callAll(): void {
    for (const room of [common, medium, largest]) callNext(room);
  }

  function endCall(endpoint: string): void {
    const room = called.get(endpoint);
    if (room === undefined) return;
    called.delete(endpoint);
    room.called = undefined;
    callAll();
  }

  function leave(endpoint: string, room: Room, bytes: number): void {
    room.used -= bytes;
    const left = (held.get(endpoint) ?? 1) - 1;
    if (left > 0) held.set(endpoint, left);
    else held.delete(endpoint);
    // With none in flight there is a room of its own for what it waited with.
    const waited = left > 0 ? undefined : waiting.get(endpoint);
    if (waited !== undefined) {
      waited.queue.delete(endpoint);
      waiting.delete(endpoint);
      onRoom(endpoint);
    }
    callAll();
  }

  return {
    enter(endpoint, bytes) {
      if (bytes <= largeBytes) return nothingToLeave;
      const room = roomFor(endpoint, bytes);
      if (room === undefined) wait(endpoint, bytes);
      else {
        room.used += bytes;
        held.set(endpoint, (held.get(endpoint) ?? 0) + 1);
      }
      endCall(endpoint);
      return room && (() => leave(endpoint, room, bytes));
    },
    isWaiting: (endpoint) => waiting.has(endpoint),
    hadTurn: endCall,
  };
}

function nothingToLeave(): void {}

function roomOf(max: number): Room {
  return { max, used: 0, queue: new Map(), called: undefined };
}

/** One that is larger than all of the room has it alone. */
function fits({ used, max }: Room, bytes: number): boolean {
  return used === 0 || used + bytes <= max;
}

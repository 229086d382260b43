/** Removing for good what is not owed any more. */
import type { Selection } from './selection.js';

/** Where something can be removed for good. `corrupt` is what could not be read. */
export type PurgeRoom = 'dead' | 'unclaimed' | 'sent' | 'corrupt';

/** All of them, in the order in which they are looked through. */
export const purgeRooms: readonly PurgeRoom[] = ['dead', 'unclaimed', 'sent', 'corrupt'];

/** What is to be removed; each member that is there must hold. */
export interface PurgeRequest {
  rooms: readonly PurgeRoom[];
  /** Its states are not asked. What is corrupt has a name alone, which is selected by `ids`. */
  select: Selection;
  /** In the room since an earlier time than this, ms since the epoch. Default: since any. */
  before?: number | undefined;
  /** In the room since this time or later, ms since the epoch. Default: since any. */
  after?: number | undefined;
  /** Whether nothing is removed; default false. */
  isDry?: boolean | undefined;
}

/** An entry that was removed, or would be. */
export interface PurgedEntry {
  from: PurgeRoom;
  /** The event's id, or the batch's; of what is corrupt, its name. */
  event: string;
  hook?: string | undefined;
  /** The endpoint's id. */
  endpoint?: string | undefined;
  /** How many events it has. */
  events: number;
  /** Why it could not be removed, and is still there. */
  problem?: string;
}

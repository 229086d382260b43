/** Names and sizes of the spool's directory; `docs/spool-format.md` explains each. */

/** What `VERSION` holds, without its line break. */
export const versionText = 'capnhook-spool 1';

/** The directories right below the spool. */
export const rooms = [
  'tmp',
  'incoming',
  'queue',
  'retry',
  'unclaimed',
  'dead',
  'corrupt',
  'endpoints',
  'answers',
  'control',
  'journal',
] as const;

/** Those that nobody but the drain needs. */
export const drainRooms: readonly Room[] = rooms.filter((room) => room !== 'tmp' && room !== 'incoming');

/** One of the directories right below the spool. */
export type Room = (typeof rooms)[number];

/** Everything that may stand right below the spool; anything else means that the directory is not one. */
export const knownNames: ReadonlySet<string> = new Set([
  ...rooms,
  'VERSION',
  'ballast',
  'lock',
  'lock.lock',
  'last-drain.json',
  'hooks-file',
  'sent',
  'imports',
]);

/** The directory in `dead/` of events that were not routed: a name that no endpoint can have. */
export const undecided = '+incoming';

/** Maximum number of deliveries in a segment of a queue. */
export const segmentSize = 4096;

/** Files in `tmp/` older than this are left-overs, in ms. */
export const tmpAgeMs: number = 36 * 3_600_000;

/** For the drain's user alone. */
export const privateDir = 0o700;
/** For the drain's user alone. */
export const privateFile = 0o600;
/** `tmp/` and `incoming/` of a shared spool: others add, and neither list nor touch what is there. */
export const sharedDir = 0o3730;
/** A file that another user submits: the drain's group reads it. */
export const sharedFile = 0o640;
/** A spool directory (and `VERSION`, less the x) that others may pass through. */
export const passableDir = 0o755;

/** A segment of an endpoint's queue: single deliveries, or one batch. */
export interface SegmentName {
  /** From 1; the order of segments. */
  number: number;
  /** Only where it is a batch: the batch's id, and how many events it has. */
  batch?: { id: string; count: number };
}

/** The path of a room. */
export function roomPath(root: string, room: Room): string {
  return `${root}/${room}`;
}

/** The last name of a path. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The name of segment number `n`, from 1: eight digits, so that names sort. */
export function segmentName(n: number): string {
  return String(n).padStart(8, '0');
}

/** The name of a batch's segment: its number, how many events the batch has, and its id. */
export function batchSegmentName(n: number, { id, count }: { id: string; count: number }): string {
  return `${segmentName(n)}.${count}.${id}`;
}

/** The parts of a segment's name, or undefined for any other name. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = /^(\d{8,15})(?:\.([1-9]\d{0,6})\.([A-Za-z0-9_-]{1,128}))?$/.exec(name);
  if (match === null) return undefined;
  const [, number, count, id] = match;
  const parsed = { number: Number(number) };
  return id === undefined ? parsed : { ...parsed, batch: { id, count: Number(count) } };
}

/** A retry's file name: when it is due (ms), attempts so far, and the event's id. */
export function retryName(retry: { dueMs: number; attempts: number; id: string }): string {
  return `${String(retry.dueMs).padStart(13, '0')}.${retry.attempts}.${retry.id}.json`;
}

/** The parts of a retry's file name, or undefined for any other name. */
export function parseRetryName(name: string): { dueMs: number; attempts: number; id: string } | undefined {
  const match = /^(\d{1,15})\.(\d{1,9})\.([A-Za-z0-9_-]{1,128})\.json$/.exec(name);
  if (!match) return undefined;
  return { dueMs: Number(match[1]), attempts: Number(match[2]), id: match[3] as string };
}

/** The event's id in a queue's file name, or undefined for any other name. */
export function parseQueueName(name: string): string | undefined {
  return /^([A-Za-z0-9_-]{1,128})\.json$/.exec(name)?.[1];
}

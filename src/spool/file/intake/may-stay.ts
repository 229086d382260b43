/** Which events stay in `incoming/` until they are sent: those of one endpoint that can be sent to now. */
import { ignoreErrno } from '../../../shared/errors.js';
import type { RoutedEntry } from '../../intake.js';
import type { EventFile } from '../batch/accepted-file.js';
import { type Disk, W_OK } from '../disk/disk.js';
import { isOurs } from '../placing/place-file.js';
import { type AcceptedFile, nameOf } from './step.js';

export interface MayStayOptions {
  /** Whether any event is to stay there. */
  isWished: boolean;
  isOwing(endpoint: string): boolean;
  /** Whether another entry waits for a name. */
  isAwaited(name: string): boolean;
}

/** Makes a function that tells whether an event can stay in `incoming/` until it is sent. */
export function createMayStay(
  disk: Disk,
  root: string,
  { isWished, isOwing, isAwaited }: MayStayOptions,
): (file: AcceptedFile, routed: RoutedEntry) => file is EventFile {
  const canRemove = isWished && mayRemoveFrom(disk, `${root}/incoming`);
  /** Whether the next event of an endpoint can stay. */
  const known = new Map<string, boolean>();
  return (file, { endpoints, canSendNow = false }): file is EventFile => {
    const [endpoint] = endpoints;
    if (!canRemove || endpoint === undefined) return false;
    const canSend = canSendNow && (known.get(endpoint) ?? !isOwing(endpoint));
    const couldStay = canSend && endpoints.length === 1 && 'event' in file && isOurs(file.stat);
    const stays = couldStay && !isAwaited(nameOf(file));
    // What is queued now goes before what stays: the next events of these endpoints are queued behind it.
    for (const each of endpoints) known.set(each, stays);
    return stays;
  };
}

/** Whether names can be removed from a directory: what stays there after its delivery is sent again by the next drain. */
function mayRemoveFrom(disk: Disk, directory: string): boolean {
  try {
    disk.accessSync(directory, W_OK);
    return true;
  } catch (error) {
    ignoreErrno(error); // to queue it fails as well, and is reported
    return false;
  }
}

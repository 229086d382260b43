import { ensureSpool } from '../../src/spool/file/setup/create.js';
import { type Fault, faultyDisk } from './faulty-disk.js';

/** Makes a spool, on a disk some of whose calls may fail. */
export function make(
  root: string,
  { fault = () => undefined, sharedWith }: { fault?: Fault; sharedWith?: number } = {},
): void {
  ensureSpool(faultyDisk(fault).disk, root, { token: 't', sharedWith });
}

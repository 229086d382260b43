import type { Spool } from '../../src/spool/spool.js';
import { event } from './builders.js';
import { type Fault, faultyDisk } from './faulty-disk.js';
import { madeSpool, quickDir, spoolAt } from './spool-kit.js';

/** A spool on a disk that fails as `trouble.fault` says at the time. */
export function troubled(): {
  root: string;
  spool: Spool;
  /** What fails from now on, and how far the clock is ahead, in ms. */
  trouble: { fault: Fault; passedMs: number };
  fire(id: string, payload?: string): Promise<void>;
} {
  const root = madeSpool(quickDir());
  const trouble: { fault: Fault; passedMs: number } = { fault: () => undefined, passedMs: 0 };
  const now = () => Date.now() + trouble.passedMs;
  const spool = spoolAt(root, { now, disk: faultyDisk((call) => trouble.fault(call)).disk });
  const fire = async (id: string, payload = '1') =>
    spool.enqueue(event({ id, payload: Buffer.from(payload) }), { chosenId: true });
  return { root, trouble, spool, fire };
}

/** A disk on which fsyncs run side by side, in Node's thread pool. */
import { fsync } from 'node:fs';
import { type Disk, systemDisk } from './disk.js';

/** Of all calls only fsync waits for the disk; the others take microseconds, less than a thread's coming and going. */
export type ParallelDisk = Disk & {
  /** fsync(2). Rejects with its errno. */
  fsync(fd: number): Promise<void>;
};

/** The machine's own file system. */
export const systemParallelDisk: ParallelDisk = {
  ...systemDisk,
  fsync: (fd) =>
    new Promise((resolve, reject) => {
      fsync(fd, (error) => (error ? reject(error) : resolve()));
    }),
};

import type { PurgeRequest } from '../../purge.js';
import type { Selector } from '../../selection.js';
import type { Disk } from '../disk/disk.js';

export interface PurgeOptions {
  request: PurgeRequest;
  /** ms since the epoch. */
  now(): number;
}

/** What removing needs. */
export interface PurgeTools extends PurgeOptions {
  disk: Disk;
  root: string;
  selector: Selector;
  /** Something was removed from this directory. */
  onRemoved(directory: string): void;
}

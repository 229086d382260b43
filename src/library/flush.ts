import type { Environment } from '../config/paths.js';
import { requireHookName } from '../usecases/bad-hook.js';
import { countFlushable, type FlushableCounts } from '../usecases/flush/count-flushable.js';
import { type Dropped, type FlushPorts, flushQueued } from '../usecases/flush/flush.js';
import { hooksReader } from './hooks-reader.js';
import { existingSpoolPath, spoolPorts } from './open-spool.js';

export type { Dropped } from '../usecases/flush/flush.js';

export interface FlushOptions {
  /** Only events of this hook; default: all. */
  hook?: string | undefined;
  /** The spool's directory; default `CAPNHOOK_SPOOL`, or `~/.local/state/capnhook/spool`. */
  spool?: string | undefined;
  /** The hooks file, which lists the known hooks; default `CAPNHOOK_CONFIG`, or `~/.config/capnhook/hooks.yaml`. */
  config?: string | undefined;
  /** Default `process.env`. */
  env?: Environment;
}

/** What `flush` would move. */
export interface Flushable extends FlushableCounts {
  /** The spool's directory. */
  spool: string;
}

/**
 * Counts what {@link flush} would move, at this moment.
 * @throws CapnhookError `USAGE` for a bad hook name; `NO_INPUT` for an unknown hook; `SPOOL_CREATE` for a named spool
 *   that is missing; `SPOOL_WRITE`, `PERMISSION`
 * @example const { deliveries } = await flushable({ hook: 'complete' });
 */
export async function flushable(options: FlushOptions = {}): Promise<Flushable> {
  const { root, ports } = open(options);
  return { spool: root, ...(await countFlushable(ports, options.hook)) };
}

/**
 * Moves what is queued to `dead/`: events not fanned out yet, and deliveries
 * waiting or to be tried again. What is dead or corrupt stays.
 * @throws CapnhookError as {@link flushable}; `BUSY` while a drain is running
 * @example const { deliveries } = await flush({ hook: 'complete' });
 */
export async function flush(options: FlushOptions = {}): Promise<Dropped> {
  return flushQueued(open(options).ports, options.hook);
}

function open({ hook, spool, config, env = process.env }: FlushOptions): { root: string; ports: FlushPorts } {
  requireHookName('flush', hook);
  const root = existingSpoolPath(env, { asked: spool, doing: 'flush' });
  return { root, ports: { ...spoolPorts(root), hooks: hooksReader(env, config) } };
}

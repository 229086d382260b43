/** A file system in memory for a spool, which a test may fill. */
import type { RunOptions, World } from './world.js';

/** Why such a test is skipped. */
export const mayMount = 'only root may mount, in a mount namespace of its own';

/**
 * Mounts a file system in memory over the spool's place, for those commands alone that get the prefix.
 * It is gone when the world is.
 * @returns undefined where that is not allowed
 */
export async function mountSpool(
  world: World,
  options: string,
): Promise<Required<Pick<RunOptions, 'prefix'>> | undefined> {
  const script = `mkdir -p "${world.spool}" && mount -t tmpfs -o ${options} tmpfs "${world.spool}" && echo mounted >&2 && exec sleep 60`;
  const holder = world.launch('unshare', ['--mount', 'sh', '-c', script]);
  const mounted = await holder.says('mounted').catch(() => 'refused');
  return mounted === 'refused'
    ? undefined
    : { prefix: ['nsenter', `--target=${holder.pid}`, '--mount', '--'] };
}

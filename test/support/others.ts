/** Commands that are run as another user. */
import type { World } from './world.js';

/** Why a test of another user is skipped. */
export const mayNotRunAs = 'only root can become another user, one that may run node';

/** Lets others into a world, and tells whether one may run the command there. @param prefix makes the other user of us */
export async function mayRunAs(world: World, prefix: readonly string[]): Promise<boolean> {
  world.openToOthers();
  const version = await world.run(['--version'], { prefix }).catch(() => undefined);
  return version?.code === 0;
}

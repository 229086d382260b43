/** Joining a spool: the directories and the ballast, the lock, then what an earlier drain left. */
import { createOutbox } from '../../outbox.js';
import type { JoinResult } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { readable } from '../intake/entry-payloads.js';
import { acquireLock, type LockOptions } from '../lock/lock.js';
import { createBallast } from '../setup/ballast.js';
import { ensureSpool } from '../setup/create.js';
import { openDrainSide } from './drain-side.js';
import type { DrainSideOptions } from './tools.js';

/** What a drain's side is opened with; its lock is taken here. */
export type JoinOptions = Omit<DrainSideOptions, 'lock'> & Pick<LockOptions, 'mode' | 'takeKernelLock'>;

/**
 * Takes the lock and opens the drain's side, unless another drain has the lock.
 * @throws the errno of what failed; from the methods: what `inWords` makes of it
 */
export async function joinSpool(
  disk: Disk,
  root: string,
  { mode, takeKernelLock, ...options }: JoinOptions,
): Promise<JoinResult> {
  ensureSpool(disk, root, { token: options.token() });
  const ballast = createBallast(disk, root);
  const result = await ballast.withRoom(() =>
    acquireLock(root, { mode, now: options.now(), takeKernelLock }),
  );
  if (result.held) return { joined: false, by: result.holder };
  const { lock } = result;
  try {
    const { intake, byId, ...others } = await openDrainSide(ballast, root, { ...options, lock });
    const told = inWords(intake, options.inWords);
    const outbox = createOutbox(told, (entry) => readable(ballast.disk, entry));
    const side = { ...inWords(others, options.inWords), byId: inWords(byId, options.inWords) };
    return { joined: true, side: { ...side, intake: told, outbox } };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The same methods, which put failed system calls into words. */
function inWords<T extends object>(methods: T, tell: (error: unknown) => Error): T {
  function wrapped(method: (...args: never[]) => unknown): (...args: never[]) => unknown {
    return (...args) => {
      try {
        const result = method(...args);
        return result instanceof Promise
          ? result.catch((error: unknown) => Promise.reject(tell(error)))
          : result;
      } catch (error) {
        throw tell(error);
      }
    };
  }
  const all = Object.entries(methods).map(([name, value]) => {
    return [name, typeof value === 'function' ? wrapped(value) : value];
  });
  return Object.fromEntries(all) as T;
}

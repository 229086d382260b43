/** Taking the lease: the directories and the ballast, the lock, then what an earlier drain left. */
import { createOutbox } from '../../outbox.js';
import type { LeaseResult } from '../../spool.js';
import type { Disk } from '../disk/disk.js';
import { readable } from '../intake/entry-payloads.js';
import { acquireLock, type LockOptions } from '../lock/lock.js';
import { createBallast } from '../setup/ballast.js';
import { ensureSpool } from '../setup/create.js';
import { openLease } from './lease.js';
import type { LeaseOptions } from './tools.js';

/** What a lease is opened with; its lock is taken here. */
export type TakeLeaseOptions = Omit<LeaseOptions, 'lock'> & Pick<LockOptions, 'mode' | 'takeKernelLock'>;

/**
 * Takes the lock and opens the lease, unless another drain holds it.
 * @throws the errno of what failed; from the lease's methods: what `inWords` makes of it
 */
export async function takeLease(
  disk: Disk,
  root: string,
  { mode, takeKernelLock, ...options }: TakeLeaseOptions,
): Promise<LeaseResult> {
  ensureSpool(disk, root, { token: options.token() });
  const ballast = createBallast(disk, root);
  const result = await ballast.withRoom(() =>
    acquireLock(root, { mode, now: options.now(), takeKernelLock }),
  );
  if (result.held) return result;
  const { lock } = result;
  try {
    const { intake, ...others } = await openLease(ballast, root, { ...options, lock });
    const told = inWords(intake, options.inWords);
    const outbox = createOutbox(told, (entry) => readable(ballast.disk, entry));
    return { held: false, lease: { ...inWords(others, options.inWords), intake: told, outbox } };
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

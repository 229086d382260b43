/** The real command on a disk whose power can be cut. */
import type { Ended, Running, World } from '../../support/world.js';
import { createMounts, type ImageDisk, type ImageOptions, mountImage } from './mounts.js';

export interface PowerRig {
  readonly disk: ImageDisk;
  /** Stands before a command that is to see the disk. */
  readonly prefix: readonly string[];
  /** How this process reads a path of the disk. */
  outside(path: string): string;
  /** Runs `capnhook …`, which sees the disk, to its end. */
  run(args: readonly string[], input?: string): Promise<Ended>;
  /** Starts it. */
  start(args: readonly string[], input?: string): Running;
  /** Starts it so that its fsync number `when`, or each one of a path, waits for so many ms. */
  startWithSlowFsync(args: readonly string[], slow: { when?: number; path?: string; ms: number }): Running;
  /** Starts it so that its fsyncs, from number `from` on (default 1), do nothing and say that they did. */
  startWithoutFsync(args: readonly string[], options?: { from?: number; input?: string }): Running;
  /**
   * Starts one after the other, so many at once, until `cut` resolves. Then the
   * power goes, and with it all processes; and comes back.
   */
  cutWhile(
    start: () => Promise<Running>,
    options: { atOnce: number; cut(): Promise<unknown> },
  ): Promise<void>;
}

export async function createPowerRig(world: World, image: ImageOptions): Promise<PowerRig> {
  const mounts = await createMounts(world);
  const disk = await mountImage(world, mounts, image);
  const { prefix } = mounts;
  return {
    disk,
    prefix,
    outside: mounts.outside,
    run: (args, input = '') => world.run(args, { prefix, input }),
    start: (args, input = '') => world.start(args, { prefix, input }),
    startWithSlowFsync(args, { when, path, ms }) {
      const which = when === undefined ? '' : `:when=${when}`;
      return world.start(args, { prefix: [...prefix, ...strace(`delay_enter=${ms * 1000}${which}`, path)] });
    },
    startWithoutFsync(args, { from = 1, input = '' } = {}) {
      return world.start(args, { prefix: [...prefix, ...strace(`retval=0:when=${from}+`)], input });
    },
    async cutWhile(start, { atOnce, cut }) {
      const running = new Set<Running>();
      let isCut = false;
      async function keepStarting(): Promise<void> {
        while (!isCut) {
          const next = await start();
          running.add(next);
          await next.ended;
          running.delete(next);
        }
      }
      const starting = Array.from({ length: atOnce }, keepStarting);
      await cut();
      isCut = true;
      // Without power nobody goes on; and on XFS a directory's fsync says 0 when the disk has gone.
      for (const each of running) each.kill('SIGSTOP');
      await disk.cut();
      for (const each of running) each.kill('SIGKILL');
      await Promise.all(starting);
      await disk.remount();
    },
  };
}

/** Runs a command and does so to its fsyncs, or to those of a path. */
function strace(injection: string, path?: string): readonly string[] {
  const calls = 'fsync,fdatasync';
  const inject = `inject=${calls}:${injection}`;
  const where = path === undefined ? [] : ['-P', path];
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, ...where, '-e', inject];
}

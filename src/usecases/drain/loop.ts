import { setImmediate } from 'node:timers/promises';
import { CapnhookError } from '../../shared/errors.js';
import { createLook, type Look } from './look.js';
import type { DrainParts } from './parts.js';
import type { DrainOptions, DrainPorts } from './ports.js';
import { readQueues } from './queues-left.js';
import { troubleNotices } from './reporting/trouble.js';

export interface Loop {
  /** Runs until there is nothing more to do, or the drain is stopped. @throws CapnhookError `BUSY`; the spool's errors */
  run(): Promise<void>;
  /** The spool has a hint of new events: they are looked for immediately. */
  onHint(): void;
  /** The log begins again: a daemon reports the existing trouble again. */
  onReload(): void;
}

/** Interval between two reports of what is counted, in ms, while the drain is busy. */
const flushEveryMs = 1_000;

/** Makes the loop of a drain. */
export function createLoop(ports: DrainPorts, parts: DrainParts, options: DrainOptions): Loop {
  const { side, hooks, clock } = ports;
  const { alerts, attempts, holds, reporter, requests, schedule, signal, summary, unclaimed } = parts;
  const { deadline, isStopping, startGrace } = parts.stopping;
  const { until } = options;
  const look = createLook(ports, parts, options);
  let flushedAt = clock.monotonic();
  let isTroubleDue = until === 'daemon';

  function onHint(): void {
    schedule.hurry();
    signal.raise();
  }

  function isIdle(): boolean {
    return attempts.count() === 0 && !signal.isRaised();
  }

  /** Time in which nothing is to be done without a signal, in ms. */
  function waitMs(): number {
    if (isStopping() && attempts.count() > 0) return Infinity;
    return Math.max(Math.min(schedule.nextAt(), deadline) - clock.monotonic(), 1);
  }

  async function flush(): Promise<void> {
    if (!isIdle() && clock.monotonic() - flushedAt < flushEveryMs) return;
    reporter.flush();
    holds.flush(isIdle() ? 'idle' : 'busy');
    await unclaimed.flush();
    ports.onProgress?.(summary.delivered);
    flushedAt = clock.monotonic();
    if (await alerts.flush()) onHint();
  }

  async function reportTrouble(): Promise<void> {
    if (!isTroubleDue) return;
    isTroubleDue = false;
    if (hooks.isMissing?.()) ports.report({ kind: 'hooks-missing' });
    for (const notice of troubleNotices(await readQueues(ports, parts), side.byId)) ports.report(notice);
  }

  async function work(): Promise<void> {
    if (isStopping()) return;
    if (schedule.isDue() || requests.areWaiting()) await look.run();
    else if (!(await attempts.fill())) {
      signal.raise();
      await setImmediate();
    }
  }

  async function wait(): Promise<void> {
    const opensInMs = isStopping() ? Infinity : await attempts.opensInMs();
    const [ms, againMs] = [waitMs(), Math.min(attempts.againMs(), requests.dueMs(), Math.max(opensInMs, 1))];
    const wasRaised = await signal.wait(Math.min(ms, againMs));
    if (!wasRaised && ms <= againMs) schedule.hurry();
    if (wasRaised) await setImmediate(); // answers that arrive together free their places together
  }

  return {
    onHint,
    onReload() {
      isTroubleDue = until === 'daemon';
      onHint();
    },
    async run() {
      for (;;) {
        await reportTrouble();
        if (attempts.failure() !== undefined) throw attempts.failure();
        if (!side.isValid()) throw spoolReplaced();
        await work();
        await flush();
        // An attempt that was settled since the last look may let the next one start.
        if (isIdle() && schedule.isStale() && !isStopping()) schedule.hurry();
        else if (isIdle() && (await isFinished(ports, parts, { look, until }))) return;
        if (isStopping()) startGrace();
        await wait();
      }
    },
  };
}

/** Whether nothing is left that this drain has to wait for. Nothing is in flight. */
async function isFinished(
  { side, clock }: DrainPorts,
  { attempts, holds, intake, requests, stopping }: DrainParts,
  { look, until }: { look: Look; until: DrainOptions['until'] },
): Promise<boolean> {
  if (stopping.isStopping()) return true;
  if (until === 'daemon') return false;
  if (requests.areWaiting() || requests.areOpen()) return false; // the requesting command was told that this drain obeys
  if (until === 'pass') return look.idleMs() === Infinity && (await attempts.opensInMs()) === Infinity;
  // It does not wait for deliveries that cannot be tried before the deadline,
  const opensAt = clock.monotonic() + (await attempts.opensInMs());
  if (opensAt < stopping.deadline && !(await holds.areAll())) return false;
  // nor for a hooks file that does not exist.
  return (await side.waiting()) <= intake.unroutable();
}

/** The error of a drain whose spool was removed or replaced. */
export function spoolReplaced(): CapnhookError {
  return new CapnhookError('BUSY', 'Cannot go on draining: the spool was removed or replaced meanwhile', {
    hint: 'Start the drain again.',
  });
}

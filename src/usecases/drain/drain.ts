/**
 * Draining: intake, then attempts, until there is nothing more to do. All that
 * lasts is in the lease; everything here can be lost at any moment.
 */
import { setImmediate } from 'node:timers/promises';
import { momentOf } from '../../shared/clock.js';
import { CapnhookError } from '../../shared/errors.js';
import { longestTimerMs } from '../../shared/timer.js';
import { createHolds } from './holds.js';
import { createIntake } from './intake/intake.js';
import { createUnclaimedEvents } from './intake/unclaimed.js';
import type { DrainOptions, DrainPorts, DrainSummary, Queued } from './ports.js';
import { createAlerts } from './reporting/alerts.js';
import { leftIn, queuedOf } from './reporting/queues.js';
import { createReporter } from './reporting/reporter.js';
import { emptySummary } from './reporting/summary.js';
import { troubleNotices } from './reporting/trouble.js';
import { createRequests } from './requests.js';
import { createRouting, type Routing } from './routing.js';
import { createAttempts } from './sending/attempts.js';
import { sendUnqueued } from './sending/unqueued.js';
import { createCooldowns, tryEveryMs } from './settling/cooldowns.js';
import { createSettler, type Settler } from './settling/settle.js';
import { createSignal } from './signal.js';

/** How soon a hooks file that is being written is looked at again, in ms. */
const unsettledMs = 200;

/** All endpoints are looked at anew at most so often, in ms, after one of them has changed. */
const lookAgainMs = 50;

/** Where there are so many that a look takes long, the next one waits for so many times as long, up to so many ms. */
const lookAgainTimes = 10;
const lookAgainMostMs = 500;

/** When all else is done, commands that tell of changes may go on for so long, in ms. */
const lastAlertsMs = 60_000;

/** How often what paused endpoints are owed is looked through for what is too old, in ms. */
const expireEveryMs = 3_600_000;

/** What is told in one line is gathered for so long, in ms. */
const gatherMs = 1_000;

/**
 * Drains until `options.until` is reached or it is stopped.
 * @throws CapnhookError `BUSY` if the spool was replaced under it; whatever the lease throws
 */
export async function drain(ports: DrainPorts, options: DrainOptions): Promise<DrainSummary> {
  const { lease, hooks, clock } = ports;
  const { until, stop, abort, showUrls = false, rescanMs } = options;
  const summary = emptySummary();
  const signal = createSignal();
  const routing = createRouting(hooks);
  const isPass = until === 'pass';
  const cooldowns = createCooldowns(clock, { until });
  const alerts = createAlerts(ports, routing);
  const reporter = createReporter(ports, { showUrls, onChange: alerts.add });
  const settler = createSettler(ports, { summary, reporter, cooldowns, isStopping });
  const requests = createRequests(ports, { routing, settler });
  const holds = createHolds(ports, { routing, settler, requests, until, onChange: alerts.add });
  const attempts = createAttempts(ports, {
    routing,
    settler,
    holds,
    cooldowns,
    isPass,
    isStopping,
    onSettled,
    tryEveryMs: until === 'wait' ? tryEveryMs : undefined,
    maxInFlight: () => options.maxInFlight ?? routing.maxInFlight(),
    limits: options.limits ?? { idle: 0 },
  });
  const unclaimed = createUnclaimedEvents(ports, { routing, summary, onChange: alerts.add });
  const intake = createIntake(ports, {
    routing,
    settler,
    unclaimed,
    canSendNow: attempts.canSendNow,
    isPass,
    onChange: alerts.add,
  });
  const deadline = until === 'wait' ? clock.monotonic() + (options.waitMs ?? 0) : Infinity;
  let grace: NodeJS.Timeout | undefined;
  let toldAt = clock.monotonic();
  /** When everything was looked at last, and is to be next; monotonic ms. */
  let lookedAt = Number.NEGATIVE_INFINITY;
  let lookAt = lookedAt;
  /** How long a look at all endpoints took, in ms. */
  let lookMs = 0;
  let isStandingDue = until === 'daemon';
  /** Whether an attempt has come home since. */
  let isStale = false;
  /** For how long nothing was to be done then unless something happened, in ms. */
  let idleMs = 0;
  /** When what paused endpoints are owed is looked through next, monotonic ms. */
  let expireAt = Number.NEGATIVE_INFINITY;
  /** And when an endpoint that is owed something can be tried next, monotonic ms. */
  let opensAt = 0;

  function isStopping(): boolean {
    if (stop?.aborted === true || abort?.aborted === true) return true;
    return deadline !== Infinity && clock.monotonic() >= deadline;
  }

  function onSettled(): void {
    isStale = true;
    // What it came to may have parked its endpoint, or put it aside until a time of its own.
    const againMs = Math.min(Math.max(lookAgainMs, lookAgainTimes * lookMs), lookAgainMostMs);
    lookAt = Math.min(lookAt, lookedAt + againMs);
    signal.raise();
  }

  function onHint(): void {
    lookAt = Number.NEGATIVE_INFINITY;
    signal.raise();
  }

  function cutOff(): void {
    attempts.cutOff();
    alerts.cutOff();
  }

  /** What is in flight has a while; an attempt without a connection has sent nothing, and is not waited for. */
  function startGrace(): void {
    ports.sender.stopConnecting();
    const { graceMs, waitGraceMs = graceMs } = options;
    const isTold = stop?.aborted === true || abort?.aborted === true;
    grace ??= setTimeout(cutOff, Math.min(isTold ? graceMs : waitGraceMs, longestTimerMs));
  }

  function onStop(): void {
    startGrace();
    signal.raise();
  }

  function onAbort(): void {
    cutOff();
    signal.raise();
  }

  async function giveUpPaused(): Promise<void> {
    if (clock.monotonic() < expireAt) return;
    expireAt = clock.monotonic() + expireEveryMs;
    for (const id of lease.owing())
      if (lease.health(id).paused !== undefined) await settler.giveUpPaused(id, routing.holdKeepMs());
  }

  /** Takes in what there is, and looks at every endpoint. */
  async function look(): Promise<void> {
    await giveUpPaused();
    lookedAt = clock.monotonic();
    lookAt = Infinity;
    isStale = false;
    const heldMs = cooldowns.leftForAllMs();
    let opensInMs = Infinity;
    await unclaimed.expire();
    intake.begin();
    do {
      await sendUnqueued({ lease, attempts, signal, summary, clock, isStopping });
      await intake.step();
      // A request goes with a change of the hooks file: it is obeyed by the file as it is then.
      if (!intake.isUnsettled() && requests.areWaiting()) await requests.step();
      holds.look();
      const before = clock.monotonic();
      opensInMs = attempts.look();
      lookMs = clock.monotonic() - before;
      if (!(await attempts.fill())) signal.raise();
      await setImmediate(); // answers that have come in are heard between two steps
    } while (intake.mayGoOn() && !attempts.failure() && !isStopping());
    opensAt = lookedAt + opensInMs;
    const hooksMs = intake.isUnsettled() ? unsettledMs : Infinity;
    idleMs = Math.min(hooksMs, intake.changingMs(), heldMs || Infinity, opensInMs);
    const restMs = isPass && attempts.count() === 0 ? Infinity : rescanMs;
    lookAt = Math.min(lookAt, lookedAt + Math.max(Math.min(idleMs, restMs), 1));
  }

  async function isFinished(): Promise<boolean> {
    if (isStopping()) return true;
    if (until === 'daemon') return false;
    if (requests.areWaiting() || requests.areOpen()) return false; // whoever asked has been told that this drain does it
    if (isPass) return idleMs === Infinity;
    // Nothing that is owed can be tried before the deadline: it is not waited for.
    if (opensAt < deadline && !(await holds.areAll())) return false;
    // Nor is a hooks file that is not there.
    return (await lease.waiting()) <= intake.unroutable();
  }

  /** How long nothing is to be done unless something happens, in ms. */
  function waitMs(): number {
    if (isStopping() && attempts.count() > 0) return Infinity;
    return Math.max(Math.min(lookAt, deadline) - clock.monotonic(), 1);
  }

  /** Many that are given up together are told in one line, at the end or each second. */
  async function tellGathered(): Promise<void> {
    const isIdle = attempts.count() === 0 && !signal.isRaised();
    if (!isIdle && clock.monotonic() - toldAt < gatherMs) return;
    reporter.flush();
    holds.flush(isIdle ? 'idle' : 'busy');
    await unclaimed.flush();
    toldAt = clock.monotonic();
    if (await alerts.flush()) onHint();
  }

  /** Tells what is parked or paused, and that there is no hooks file, where a daemon begins or begins another log. */
  async function tellStanding(): Promise<void> {
    if (!isStandingDue) return;
    isStandingDue = false;
    if (hooks.isMissing?.()) ports.report({ kind: 'hooks-missing' });
    const queues = await readQueues(ports, { routing, settler });
    for (const notice of troubleNotices(queues, lease)) ports.report(notice);
  }

  function onReload(): void {
    isStandingDue = until === 'daemon';
    onHint();
  }

  async function loop(): Promise<void> {
    for (;;) {
      await tellStanding();
      if (attempts.failure() !== undefined) throw attempts.failure();
      if (!lease.valid()) throw replaced();
      if (!isStopping()) {
        if (clock.monotonic() >= lookAt || requests.areWaiting()) await look();
        else if (!(await attempts.fill())) {
          signal.raise();
          await setImmediate();
        }
      }
      await tellGathered();
      if (attempts.count() === 0 && !signal.isRaised()) {
        // What came back since may let the next one start.
        if (isStale && !isStopping()) lookAt = clock.monotonic();
        else if (await isFinished()) return;
      }
      if (isStopping()) startGrace();
      const [ms, againMs] = [waitMs(), Math.min(attempts.againMs(), requests.dueMs())];
      const hasRung = await signal.wait(Math.min(ms, againMs));
      if (!hasRung && ms <= againMs) lookAt = clock.monotonic();
      if (hasRung) await setImmediate(); // answers that come together are all heard, and then their places filled together
    }
  }

  const unwatch = isPass ? () => {} : lease.onHint(onHint);
  hooks.onInvalidate?.(onReload);
  stop?.addEventListener('abort', onStop);
  abort?.addEventListener('abort', onAbort);
  try {
    if (stop?.aborted) startGrace();
    await loop();
  } catch (error) {
    throw lease.valid() ? error : replaced();
  } finally {
    unwatch();
    // After an error something may be in flight still: what it comes to is to be known.
    if (attempts.count() > 0) startGrace();
    await attempts.settled();
    reporter.flush();
    holds.flush(isStopping() ? 'end' : 'idle');
    if (lease.valid()) {
      await unclaimed.flush();
      await alerts.flush();
      await holds.save();
    }
    if (isStopping()) startGrace();
    else grace ??= setTimeout(cutOff, lastAlertsMs);
    await alerts.settled();
    clearTimeout(grace);
    stop?.removeEventListener('abort', onStop);
    abort?.removeEventListener('abort', onAbort);
  }
  summary.waiting = await lease.waiting();
  return Object.assign(summary, leftIn(await readQueues(ports, { routing, settler })));
}

/** What each endpoint is owed still, and why. */
async function readQueues(
  { lease, clock }: DrainPorts,
  { routing, settler }: { routing: Routing; settler: Settler },
): Promise<Queued[]> {
  const moment = momentOf(clock);
  const queues: Queued[] = [];
  for (const endpoint of lease.owing()) {
    const held = lease.onHold(endpoint);
    if (held > 0) queues.push({ endpoint, count: held, why: 'on-hold' });
    const count = (await lease.owed(endpoint)) - held;
    if (count <= 0) continue;
    const facts = {
      endpoint,
      count,
      held: 0,
      health: lease.health(endpoint),
      nextDue: lease.nextDue(endpoint),
      cutOff: settler.cutOff(endpoint),
    };
    queues.push(queuedOf({ ...facts, conduct: routing.settingsOf(endpoint) }, moment));
  }
  return queues;
}

function replaced(): CapnhookError {
  return new CapnhookError('BUSY', 'Cannot go on draining: the spool was removed or replaced meanwhile', {
    hint: 'Start the drain anew.',
  });
}

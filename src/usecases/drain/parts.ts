/** The parts of a drain, put together. */
import { createHolds, type Holds } from './holds.js';
import { createIntake, type Intake } from './intake/intake.js';
import { createUnclaimedEvents, type UnclaimedEvents } from './intake/unclaimed.js';
import { createLookSchedule, type LookSchedule } from './look-schedule.js';
import { createRequests, type Requests } from './obeying/requests.js';
import type { DrainOptions, DrainPorts, DrainSummary } from './ports.js';
import { type Alerts, createAlerts } from './reporting/alerts.js';
import { createReporter, type Reporter } from './reporting/reporter.js';
import { emptySummary } from './reporting/summary.js';
import { createRouting, type Routing } from './routing.js';
import { type Attempts, createAttempts } from './sending/attempts.js';
import { type Cooldowns, createCooldowns, tryEveryMs } from './settling/cooldowns.js';
import { createSettler, type Settler } from './settling/settle.js';
import { createSignal, type Signal } from './signal.js';
import { createStopping, type Stopping } from './stopping.js';

export interface DrainParts {
  summary: DrainSummary;
  /** Raised when something has happened that the loop may have to act on. */
  signal: Signal;
  schedule: LookSchedule;
  stopping: Stopping;
  routing: Routing;
  cooldowns: Cooldowns;
  alerts: Alerts;
  reporter: Reporter;
  settler: Settler;
  requests: Requests;
  holds: Holds;
  attempts: Attempts;
  unclaimed: UnclaimedEvents;
  intake: Intake;
}

/** Makes the parts of a drain. */
export function createParts(ports: DrainPorts, options: DrainOptions): DrainParts {
  const { clock, hooks } = ports;
  const { until, showUrls = false } = options;
  const isPass = until === 'pass';
  const summary = emptySummary();
  const signal = createSignal();
  const schedule = createLookSchedule(clock);
  const stopping = createStopping(clock, options);
  const { isStopping } = stopping;
  const routing = createRouting(hooks);
  const cooldowns = createCooldowns(clock, { until });
  const alerts = createAlerts(ports, routing);
  const onChange = alerts.add;
  const reporter = createReporter(ports, { showUrls, onChange });
  const reconsider = (endpoints: readonly string[]): Promise<void> => attempts.reconsider(endpoints);
  const settler = createSettler(ports, { summary, reporter, cooldowns, isStopping, reconsider });
  const requests = createRequests(ports, { routing, settler, cooldowns, reporter, reconsider });
  const holds = createHolds(ports, { routing, settler, requests, until, onChange });
  const attempts: Attempts = createAttempts(ports, {
    routing,
    settler,
    requests,
    holds,
    cooldowns,
    isPass,
    isStopping,
    onSettled() {
      schedule.settled();
      signal.raise();
    },
    tryEveryMs: until === 'wait' ? tryEveryMs : undefined,
    maxInFlight: () => options.maxInFlight ?? routing.maxInFlight(),
    maxConnections: options.maxConnections ?? Infinity,
  });
  const unclaimed = createUnclaimedEvents(ports, { routing, summary, onChange });
  const { canSendNow } = attempts;
  const intake = createIntake(ports, { routing, settler, unclaimed, canSendNow, isPass, onChange });
  return {
    summary,
    signal,
    schedule,
    stopping,
    routing,
    cooldowns,
    alerts,
    reporter,
    settler,
    requests,
    holds,
    attempts,
    unclaimed,
    intake,
  };
}

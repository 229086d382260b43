/** Whether all is well, for a monitoring system. Pure. */
import { formatSpan } from '../../../shared/duration.js';
import type { EndpointStatus, Status } from './status-data.js';

/** From when on something is wrong. */
export interface CheckLimits {
  /** Maximum age of a delivery that waits, in ms; default 15 minutes. */
  maxAgeMs?: number | undefined;
  /** Maximum number of deliveries that wait; default: any. */
  maxQueued?: number | undefined;
  /** Maximum number of dead deliveries; default 0. */
  maxDead?: number | undefined;
  /** Whether a drain must be running; default false. */
  requireDrain?: boolean | undefined;
}

/** How bad it is, from the least to the worst. `unknown`: that cannot be told. */
export const checkLevels = ['ok', 'warning', 'critical', 'unknown'] as const;

export type CheckLevel = (typeof checkLevels)[number];

/** What a monitoring system is told. */
export interface Check {
  /** The worst of the findings. */
  level: CheckLevel;
  /** What is wrong, the worst first; nothing if all is well. */
  findings: readonly Finding[];
  metrics: readonly Metric[];
}

export interface Finding {
  level: CheckLevel;
  message: string;
}

/** A figure with the value from which on it is a warning, or critical. */
export interface Metric {
  name: string;
  value: number;
  /** `s`, `B`, or nothing for a number. */
  unit: '' | 's' | 'B';
  critical?: number;
  warning?: number;
}

/** Time without a heartbeat, in ms, after which a drain is taken to hang. */
export const silentAfterMs = 60_000;

const defaultMaxAgeMs = 900_000;

/** Judges the state of everything by limits. */
export function checkStatus(status: Status, limits: CheckLimits = {}): Check {
  const findings = [
    ...findUnknown(status),
    ...findOld(status, limits),
    ...findTooMany(status, limits),
    ...findIdle(status, limits),
    ...findTrouble(status),
  ];
  const rank = ({ level }: Finding) => checkLevels.indexOf(level);
  findings.sort((a, b) => rank(b) - rank(a));
  return { level: findings[0]?.level ?? 'ok', findings, metrics: metricsOf(status, limits) };
}

function findUnknown({ hooksFile: { isUsable, isMissing, problem = '' } }: Status): Finding[] {
  return isUsable || isMissing ? [] : [{ level: 'unknown', message: problem }];
}

/** What a person has paused is late because that person wanted it; it may have been forgotten. */
function findOld(status: Status, { maxAgeMs = defaultMaxAgeMs }: CheckLimits): Finding[] {
  const now = Date.parse(status.time);
  const findings: Finding[] = [];
  for (const endpoint of [...status.endpoints].sort(byOldest)) {
    const { oldest } = endpoint.queued;
    if (oldest === undefined || now - Date.parse(oldest) <= maxAgeMs) continue;
    const level = endpoint.pausedBy === undefined ? 'critical' : 'warning';
    const age = formatSpan(now - Date.parse(oldest));
    findings.push({ level, message: `${endpoint.endpoint.id} waits for ${age} (${stateWords(endpoint)})` });
  }
  const { oldest } = status.incoming;
  if (oldest !== undefined && now - Date.parse(oldest) > maxAgeMs) {
    const message = `events are not taken in for ${formatSpan(now - Date.parse(oldest))}`;
    findings.push({ level: 'critical', message });
  }
  return findings;
}

function byOldest({ queued: a }: EndpointStatus, { queued: b }: EndpointStatus): number {
  return (a.oldest ?? '9') < (b.oldest ?? '9') ? -1 : 1;
}

function findTooMany({ totals }: Status, { maxQueued, maxDead = 0 }: CheckLimits): Finding[] {
  const findings: Finding[] = [];
  if (maxQueued !== undefined && totals.queued.total > maxQueued)
    findings.push({ level: 'critical', message: `${totals.queued.total} queued` });
  if (totals.dead > maxDead) findings.push({ level: 'critical', message: `${totals.dead} dead` });
  return findings;
}

function findIdle({ drain, time }: Status, { requireDrain = false }: CheckLimits): Finding[] {
  const { isRunning, isVisible, heartbeat, pid } = drain;
  if (!isRunning) return requireDrain ? [{ level: 'critical', message: 'nobody drains' }] : [];
  // The clock of another machine may differ.
  const silentMs = heartbeat === undefined || !isVisible ? 0 : Date.parse(time) - Date.parse(heartbeat);
  if (silentMs < silentAfterMs) return [];
  const message = `the drain (pid ${pid}) has not moved for ${formatSpan(silentMs)}`;
  return [{ level: requireDrain ? 'critical' : 'warning', message }];
}

/** What gets no better by itself, and has to be looked at by a person. */
function findTrouble({ endpoints, totals }: Status): Finding[] {
  const findings: Finding[] = [];
  for (const each of endpoints) {
    const { state, pausedBy, queued } = each;
    const isStuck = state === 'misconfigured' || state === 'on-hold' || state === 'paused';
    if (isStuck && pausedBy === undefined && queued.total > 0)
      findings.push({ level: 'warning', message: `${each.endpoint.id} is ${stateWords(each)}` });
  }
  if (totals.unclaimed > 0) findings.push({ level: 'warning', message: `${totals.unclaimed} unclaimed` });
  if (totals.corrupt > 0) findings.push({ level: 'warning', message: `${totals.corrupt} corrupt` });
  return findings;
}

function stateWords({ state, reason, pausedBy }: EndpointStatus): string {
  const words = state === 'on-hold' ? 'on hold' : state;
  const by = pausedBy === undefined ? '' : ` by ${pausedBy}`;
  return reason === undefined ? `${words}${by}` : `${words}${by}: ${reason}`;
}

function metricsOf(
  { totals, time }: Status,
  { maxAgeMs = defaultMaxAgeMs, maxQueued, maxDead = 0 }: CheckLimits,
): Metric[] {
  const { queued, dead, unclaimed, corrupt, lastHour, freeBytes, journalBytes } = totals;
  const oldest = queued.oldest === undefined ? 0 : Date.parse(time) - Date.parse(queued.oldest);
  const metrics: Metric[] = [
    { name: 'queued', value: queued.total, unit: '', critical: maxQueued },
    { name: 'oldest', value: Math.max(oldest, 0) / 1000, unit: 's', critical: maxAgeMs / 1000 },
    { name: 'dead', value: dead, unit: '', critical: maxDead },
    { name: 'unclaimed', value: unclaimed, unit: '', warning: 0 },
    { name: 'corrupt', value: corrupt, unit: '', warning: 0 },
    { name: 'attempts_1h', value: lastHour.attempts, unit: '' },
    { name: 'failures_1h', value: lastHour.failures, unit: '' },
    { name: 'journal', value: journalBytes, unit: 'B' },
  ];
  if (freeBytes !== undefined) metrics.push({ name: 'free', value: freeBytes, unit: 'B' });
  return metrics;
}

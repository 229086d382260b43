/** The library: what the commands do, typed. */
export type { Environment } from './config/paths.js';
export type { Endpoint, RetryPolicy, Secret } from './endpoint/endpoint.js';
export { type Started, type StartOptions, start } from './library/daemon/start.js';
export { type StopOptions, type Stopped, stop } from './library/daemon/stop.js';
export {
  type Deregistered,
  type DeregisterOptions,
  deregister,
  type KnownEndpoint,
  type ProbablyMeant,
} from './library/deregister.js';
export { type DrainOptions, drain, type Ready } from './library/drain/drain.js';
export {
  type Exported,
  type ExportOptions,
  exportEvents,
  type Imported,
  type ImportOptions,
  importEvents,
} from './library/exchange.js';
export type { FireOptions, Target } from './library/fire.js';
export { fire, fireBatch } from './library/fire-together.js';
export { type InitOptions, init } from './library/init.js';
export {
  type ListedEntry,
  type ListOptions,
  type ListPosition,
  type ListState,
  list,
} from './library/list.js';
export {
  type FailureGroup,
  type LoggedEntry,
  type LogOptions,
  type LogSummaryOptions,
  log,
  logSummary,
} from './library/log.js';
export {
  drop,
  type FlushOptions,
  flush,
  type HookCount,
  type Operated,
  type PauseOptions,
  pause,
  type Resumed,
  type Retried,
  resume,
  retry,
  type SelectedEntry,
  type SelectOptions,
  type SteerOptions,
  type UntriedEndpoint,
} from './library/operate.js';
export { type Purged, type PurgeOptions, type PurgeRoom, purge } from './library/purge.js';
export { type RegisterOptions, register } from './library/register.js';
export { type Replayed, type ReplayOptions, replay } from './library/replay.js';
export { type RetryUnclaimedOptions, retryUnclaimed } from './library/retry-unclaimed.js';
export {
  type KeptAnswer,
  payload,
  type ShownDelivery,
  type ShownEvent,
  type ShownPayload,
  type ShownState,
  show,
} from './library/show.js';
export {
  type Check,
  type CheckLevel,
  type CheckLimits,
  type CheckOptions,
  check,
  type Finding,
  type Metric,
  type StatusHead,
  type StatusOptions,
  status,
} from './library/status.js';
export { type Targets, type TargetsOptions, targets } from './library/targets.js';
export { writeMetrics } from './library/write-metrics.js';
export type { Clock } from './shared/clock.js';
export { CapnhookError, type ErrorCode, type ErrorDetails, type Problem } from './shared/errors.js';
export type { EntryState } from './spool/inspection.js';
export type { DrainMode, EntryProblem, Holder } from './spool/spool.js';
export type { DrainSummary, EndpointLabel, Notice } from './usecases/drain/ports.js';
export type { Fired } from './usecases/fire.js';
export type {
  ByAge,
  DrainStatus,
  EndpointState,
  EndpointStatus,
  HooksFileStatus,
  LastError,
  NextStep,
  QueuedByAge,
  Status,
  StatusTotals,
} from './usecases/inspect/status/status-data.js';

/** The lines of the table, in its order. */
import { fireAtOnce } from './at-once.mjs';
import { drainBullmq } from './bullmq.mjs';
import { drain, drainBatch } from './drain.mjs';
import { endpoints } from './endpoints.mjs';
import { fire, fireBullmq, fireNodeWebhooks, fireNullmailer, firePgBoss } from './fire.mjs';
import { hooks } from './hooks.mjs';
import { list, log, show, status } from './inspect.mjs';
import { latency } from './latency.mjs';
import { drainLeast, least, leastEndpoints } from './least.mjs';
import { ndjson } from './ndjson.mjs';
import { owed } from './owed.mjs';
import { shellenv } from './shellenv.mjs';
import { slowEndpoint } from './slow-endpoint.mjs';
import { soak } from './soak.mjs';
import { drainEmpty, help } from './start.mjs';
import { drainWarm } from './warm.mjs';
import { watched } from './watched.mjs';
import { drainXargs } from './xargs.mjs';

/** @type {import('../support/measure.mjs').Line[]} */
export const lines = [
  fire,
  fireBullmq,
  help,
  drainEmpty,
  shellenv,
  ndjson,
  fireAtOnce,
  drain,
  drainWarm,
  drainBatch,
  drainBullmq,
  drainXargs,
  latency,
  watched,
  slowEndpoint,
  owed,
  list,
  show,
  log,
  status,
  endpoints,
  hooks,
  least,
  leastEndpoints,
  drainLeast,
  soak,
  firePgBoss,
  fireNodeWebhooks,
  fireNullmailer,
];

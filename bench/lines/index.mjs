/** The lines of the table, in its order. */
import { fireAtOnce } from './at-once.mjs';
import { drainBullmq } from './bullmq.mjs';
import { drain, drainBatch } from './drain.mjs';
import { fire, fireBullmq, fireNodeWebhooks, fireNullmailer, firePgBoss } from './fire.mjs';
import { ndjson } from './ndjson.mjs';
import { shellenv } from './shellenv.mjs';
import { drainEmpty, help } from './start.mjs';

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
  drainBatch,
  drainBullmq,
  firePgBoss,
  fireNodeWebhooks,
  fireNullmailer,
];

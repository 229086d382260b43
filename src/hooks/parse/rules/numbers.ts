import { parseByteSize } from '../../../shared/byte-size.js';
import { parseDuration } from '../../../shared/duration.js';
import { settingsOf } from '../draft.js';
import type { Positioned } from '../finding.js';
import { DROP, MAX_CONCURRENCY, MAX_IN_FLIGHT, MUST_BE, NONE } from '../must-be.js';
import type { Rule } from './rule.js';

const MAX_WAITS = 50;
/** Maximum timeout of an endpoint, in ms. It must stay below the limit of timers, 2^31 − 1 ms. */
const MAX_TIMEOUT_MS = 86_400_000;

export const durations: Rule = {
  name: 'a duration is a number and a unit, at most 365 days',
  *check(draft) {
    const { holdKeep, journalKeep, deadKeep, unclaimed } = draft.defaults;
    const waits = settingsOf(draft).flatMap(({ timeout, giveUpAfter, schedule, sent }) => [
      sent === undefined || sent.value === NONE ? undefined : sent.value.keep,
      timeout,
      giveUpAfter,
      ...(schedule?.value ?? []),
    ]);
    const keeps = [holdKeep, journalKeep, deadKeep, unclaimed?.value === DROP ? undefined : unclaimed];
    for (const written of [...waits, ...keeps]) {
      if (written === undefined || parseDuration(written.value) !== undefined) continue;
      const message =
        'bad duration; write a number and a unit, such as 500ms, 20s, 5m, 2h or 3d, at most 365d';
      yield { at: written.at, message };
    }
  },
};

export const sizes: Rule = {
  name: 'a size is a number and a unit',
  *check(draft) {
    for (const { sent } of settingsOf(draft)) {
      const size = sent === undefined || sent.value === NONE ? undefined : sent.value.maxBytes;
      if (size === undefined || parseByteSize(size.value) !== undefined) continue;
      yield {
        at: size.at,
        message: 'bad size; write a number and a unit, such as 500MiB, 1GiB or 10GB',
      };
    }
  },
};

export const ranges: Rule = {
  name: 'a number is within its range',
  *check(draft) {
    for (const { timeout, concurrency, jitter, schedule } of settingsOf(draft)) {
      const timeoutMs = timeout && parseDuration(timeout.value);
      if (timeoutMs !== undefined && outside(timeoutMs, 1, MAX_TIMEOUT_MS)) {
        yield { at: timeout!.at, message: "'timeout' must be from 1ms to 24h" };
      }
      if (
        concurrency !== undefined &&
        (outside(concurrency.value, 1, MAX_CONCURRENCY) || isBroken(concurrency))
      ) {
        yield { at: concurrency.at, message: MUST_BE.concurrency };
      }
      if (jitter !== undefined && outside(jitter.value, 0, 1)) {
        yield { at: jitter.at, message: "'jitter' must be from 0 to 1 (0.2 is ±20 %)" };
      }
      if (schedule !== undefined && outside(schedule.value.length, 1, MAX_WAITS)) {
        yield { at: schedule.at, message: `'schedule' must have from 1 to ${MAX_WAITS} waits` };
      }
    }
    const { maxInFlight } = draft.defaults;
    if (
      maxInFlight !== undefined &&
      (outside(maxInFlight.value, 1, MAX_IN_FLIGHT) || isBroken(maxInFlight))
    ) {
      yield { at: maxInFlight.at, message: MUST_BE.maxInFlight };
    }
  },
};

/** Also true for NaN. */
function outside(value: number, least: number, most: number): boolean {
  return !(value >= least && value <= most);
}

function isBroken({ value }: Positioned<number>): boolean {
  return !Number.isInteger(value);
}

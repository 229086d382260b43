import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterAttempt } from '../../src/endpoint/after-attempt.js';
import { longestBackOffMs, minAttempts } from '../../src/endpoint/back-off.js';
import {
  allowedConcurrency,
  failuresOf,
  isGivenUp,
  isInRun,
  parkedUntil,
} from '../../src/endpoint/health.js';
import { ok } from './attempts.js';
import { anyJump, conducts, day, events, histories, live, t0 } from './histories.js';

describe('afterAttempt() over any history', () => {
  it('afterAttempt() never parks beyond the longest back-off, whatever the clock does', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        for (const { health, now } of live(history, by))
          expect(health.parkedUntil ?? 0).toBeLessThanOrEqual(now + longestBackOffMs(by.retry));
      }),
    );
  });

  it('afterAttempt() makes an endpoint well with one success, whatever came before, unless it is paused', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        const last = live(history, by).at(-1)?.health ?? {};
        fc.pre(last.paused === undefined);
        // One that began before the endpoint asked to be left alone does not count.
        fc.pre(last.askedUntil === undefined || last.failedAt?.at(-1) !== t0);
        const attempt = { outcome: ok, event: 'evt_x', startedAt: t0 };
        const { health } = afterAttempt(last, attempt, { conduct: by, now: t0, random: 0 });
        const stays = ['failedDeliveries', 'allowed'];
        if (health.limitedAt !== undefined) stays.push('limitedAt', 'since', 'clock');
        expect(Object.keys(health).filter((key) => !stays.includes(key))).toEqual([]);
        expect(parkedUntil(health, { now: 0 }, by)).toBe(0);
      }),
    );
  });

  it('allowedConcurrency() never exceeds the slow-start curve or the limit', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        /** The curve: 1 after a recovery, and 1/N more for each success. */
        let curve: number | undefined;
        for (const { before, health, outcome } of live(history, by)) {
          const succeeded = outcome.kind === 'ok' || outcome.kind === 'refused';
          if (health.failures) curve = undefined;
          else if (before.failures) curve = 1;
          else if (succeeded && curve !== undefined) curve += 1 / Math.floor(curve + 1e-9);
          const allowed = allowedConcurrency(health, by);
          expect(allowed).toBeGreaterThanOrEqual(1);
          expect(allowed).toBeLessThanOrEqual(by.concurrency);
          if (health.failures || isInRun(health) || by.order === 'strict') expect(allowed).toBe(1);
          else expect(allowed).toBe(Math.min(by.concurrency, Math.floor((curve ?? Infinity) + 1e-9)));
        }
      }),
    );
  });

  it('isGivenUp() is false before the age, the attempts and a sane clock agree', () => {
    const giveUpAfterMs = 3 * day;
    fc.assert(
      fc.property(histories({ jumps: anyJump }), fc.integer({ min: 0, max: 10 * day }), (history, after) => {
        const acceptedAt = t0 + after;
        /** Attempts that failed since the delivery was accepted and the clock jumped last. */
        let tried = 0;
        for (const { before, health, now, clock, jump, outcome } of live(history)) {
          if (Math.abs(jump) > 3_600_000 && before.failures) tried = 0;
          if (!health.failures) tried = 0;
          else if (['failed', 'rejected', 'gone'].includes(outcome.kind)) tried += 1;
          const givenUp = isGivenUp(health, { acceptedAt, giveUpAfterMs, now, clock });
          if (now - acceptedAt <= giveUpAfterMs || tried < minAttempts) expect(givenUp).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('afterAttempt() leaves a paused endpoint paused', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        let paused = false;
        for (const { health, outcome } of live(history)) {
          paused ||= outcome.kind === 'gone';
          expect(health.paused !== undefined).toBe(paused);
        }
      }),
    );
  });

  it('afterAttempt() settles a delivery for good only when it was made or refused', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        for (const { outcome, decision } of live(history, by)) {
          if (outcome.kind === 'ok') expect(decision).toBe('delivered');
          else if (outcome.kind === 'refused') expect(decision).toBe('refused');
          else expect(['waits', 'alone']).toContain(decision);
        }
      }),
    );
  });

  it('failuresOf() is how often a delivery failed with its endpoint, until it is settled', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        const counts = new Map<string, number>();
        for (const { event, health, decision } of live(history)) {
          if (decision === 'delivered' || decision === 'refused') counts.delete(event);
          else if (decision === 'waits') counts.set(event, (counts.get(event) ?? 0) + 1);
          for (const id of events) expect(failuresOf(health, id)).toBe(counts.get(id) ?? 0);
        }
      }),
    );
  });

  it('afterAttempt() is the same for the same input, changes nothing in place, and yields what JSON keeps', () => {
    fc.assert(
      fc.property(histories({ jumps: anyJump }), conducts, (history, by) => {
        for (const seen of live(history, by)) {
          const { before, health, decision, now, clock, random } = seen;
          const copy = structuredClone(before);
          expect(afterAttempt(before, seen, { conduct: by, now, clock, random })).toEqual({
            health,
            decision,
          });
          expect(before).toEqual(copy);
          expect(JSON.parse(JSON.stringify(health))).toEqual(health);
        }
      }),
    );
  });
});

/**
 * The memory for large payloads in flight. They share a common budget; an
 * endpoint without one in flight has a second budget for its first one. All
 * budgets are bounded, and endpoints that wait are called in order.
 */
import { type Budget, createBudget, fits, isFreeFor, waitFor } from './memory-budget.js';

const mebibyte = 2 ** 20;

/** Size above which a payload is large, in bytes. */
const largeBytes = 256 * 2 ** 10;

/** The common budget, in bytes. */
const commonBytes = 64 * mebibyte;

/** Largest payload that uses the budget for medium first payloads, where none of the largest is before it, in bytes. */
const mediumBytes = 4 * mebibyte;

/** The budgets for medium first payloads, and for the largest, in bytes. */
const mediumBudgetBytes = 64 * mebibyte;
const largestBudgetBytes = 192 * mebibyte;

export interface LargePayloads {
  /**
   * Takes memory for a payload. Payloads that are not large take none.
   * @returns gives the memory back; undefined if the endpoint has to wait until it is called
   */
  enter(endpoint: string, bytes: number): (() => void) | undefined;
  /** Whether the endpoint waits for memory. */
  isWaiting(endpoint: string): boolean;
  /** The endpoint had its turn: if it was called and has not taken its bytes, the next one is called. */
  hadTurn(endpoint: string): void;
}

/** Makes the budgets of a drain. @param onCall called with an endpoint that has waited and may try again */
export function createLargePayloads(onCall: (endpoint: string) => void): LargePayloads {
  const common = createBudget(commonBytes);
  const medium = createBudget(mediumBudgetBytes);
  const largest = createBudget(largestBudgetBytes);
  /** Number of large payloads in flight, by endpoint. */
  const held = new Map<string, number>();
  const waiting = new Map<string, Budget>();
  const called = new Map<string, Budget>();

  function budgetFor(endpoint: string, bytes: number): Budget | undefined {
    if (isFreeFor(common, endpoint, bytes)) return common;
    const own = bytes > mediumBytes ? largest : medium;
    return !held.has(endpoint) && isFreeFor(own, endpoint, bytes) ? own : undefined;
  }

  function wait(endpoint: string, bytes: number): void {
    const own = bytes > mediumBytes ? largest : medium;
    const budget = held.has(endpoint) ? common : own;
    waitFor(budget, endpoint, bytes);
    waiting.set(endpoint, budget);
  }

  function callNext(budget: Budget): void {
    if (budget.called !== undefined) return;
    for (const [endpoint, bytes] of budget.queue) {
      if (!fits(budget, bytes) && (budget === common || !isFreeFor(common, endpoint, bytes))) return;
      budget.queue.delete(endpoint);
      waiting.delete(endpoint);
      budget.called = endpoint;
      called.set(endpoint, budget);
      onCall(endpoint);
      return;
    }
  }

  function callAll(): void {
    for (const budget of [common, medium, largest]) callNext(budget);
  }

  function endCall(endpoint: string): void {
    const budget = called.get(endpoint);
    if (budget === undefined) return;
    called.delete(endpoint);
    budget.called = undefined;
    callAll();
  }

  function leave(endpoint: string, budget: Budget, bytes: number): void {
    budget.used -= bytes;
    const left = (held.get(endpoint) ?? 1) - 1;
    if (left > 0) held.set(endpoint, left);
    else held.delete(endpoint);
    // With none in flight, the next one is a first payload, and has a budget of its own.
    const waited = left > 0 ? undefined : waiting.get(endpoint);
    if (waited !== undefined) {
      waited.queue.delete(endpoint);
      waiting.delete(endpoint);
      onCall(endpoint);
    }
    callAll();
  }

  return {
    enter(endpoint, bytes) {
      if (bytes <= largeBytes) return nothingToLeave;
      const budget = budgetFor(endpoint, bytes);
      if (budget === undefined) wait(endpoint, bytes);
      else {
        budget.used += bytes;
        held.set(endpoint, (held.get(endpoint) ?? 0) + 1);
      }
      endCall(endpoint);
      return budget && (() => leave(endpoint, budget, bytes));
    },
    isWaiting: (endpoint) => waiting.has(endpoint),
    hadTurn: endCall,
  };
}

function nothingToLeave(): void {}

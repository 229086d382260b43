/** What a line measures with: a fresh directory, the counts of this run, and a scope that ends with the line. */
import { mkdirSync, rmSync } from 'node:fs';
import { createScope } from './scope.mjs';

/**
 * @typedef {object} Bench
 * @property {string} directory fresh, on the file system that the line is measured on
 * @property {number} patienceMs how long pairs are taken, if there are enough of them
 * @property {(counts: { full: number, quick: number, long?: number }) => number} pick the count of this run
 * @property {(end: () => unknown) => void} defer to be done when the line has ended
 */

const patience = { full: 90_000, quick: 10_000 };

/**
 * @param {{ name: string, place: { path: string }, size: 'full' | 'quick' | 'long' }} options
 * @returns {Bench & { close(): Promise<void> }}
 */
export function createBench({ name, place, size }) {
  const scope = createScope();
  const directory = `${place.path}/${name}`;
  mkdirSync(directory);
  scope.defer(() => rmSync(directory, { recursive: true, force: true }));
  const pick = (counts) => counts[size] ?? counts.full;
  return { directory, pick, patienceMs: pick(patience), defer: scope.defer, close: scope.close };
}

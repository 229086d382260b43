/** Measures one line, whatever becomes of it: rows with numbers, or a row with the words why there are none. */
import { createBench } from './bench.mjs';
import { NotThere } from './capnhook.mjs';
import { missingPackages } from './commands.mjs';
import { summarize, verdict } from './stats.mjs';

/** A line that takes longer is cut off. */
const longestMs = 300_000;

/**
 * @typedef {object} Line
 * @property {string} name what it is asked for by
 * @property {string} beside what it is compared with
 * @property {Row[]} rows what comes out
 * @property {(bench: import('./bench.mjs').Bench) => Promise<Record<string, Samples>>} measure samples of each row, by its id
 * @property {string[]} [needs] programs of the system
 * @property {boolean} [isAlsoInMemory] measured in /dev/shm as well
 * @property {number} [limitMs] it is cut off after so long; default 5 minutes
 * @typedef {{ id: string, what: string, unit: string, bar?: object }} Row
 * @typedef {{ ours: number[], theirs: number[], note?: string }} Samples
 */

/**
 * @param {Line} line
 * @param {{ root: object, place: import('./disk.mjs').Place, size: string }} options
 * @returns {Promise<object[]>} the rows, as they go into the JSON
 */
export async function measureLine(line, { root, place, size }) {
  const missing = missingPackages(line.needs ?? []);
  if (missing.length > 0) return without(line, place.on, `skipped: needs Debian's ${missing.join(', ')}`);
  const bench = createBench({ name: line.name, place, size });
  root.defer(bench.close);
  try {
    const samples = await inTime(line.measure(bench), line.limitMs ?? longestMs);
    return line.rows.map((row) => toResult(line, row, place.on, samples[row.id]));
  } catch (error) {
    if (error instanceof NotThere) return without(line, place.on, `not there: ${error.message}`);
    return without(line, place.on, `failed: ${error.message}`);
  } finally {
    await bench.close();
  }
}

async function inTime(measuring, limitMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limitMs / 1000} s`)), limitMs);
  });
  measuring.catch(() => {}); // when it is late, what it fails with is its own end
  try {
    return await Promise.race([measuring, late]);
  } finally {
    clearTimeout(timer);
  }
}

function toResult(line, row, on, { ours, theirs, note }) {
  // In memory there is no disk to wait for, so the bars do not apply.
  const bar = on === 'shm' ? undefined : row.bar;
  const summary = summarize({ ours, theirs });
  return {
    ...head(line, row, on),
    bar: bar?.text,
    ...summary,
    verdict: verdict(bar, summary),
    note,
    samples: { ours, theirs },
  };
}

function without(line, on, verdict) {
  return line.rows.map((row) => ({ ...head(line, row, on), bar: row.bar?.text, verdict }));
}

function head(line, { id, what, unit }, on) {
  const name = line.rows.length === 1 ? line.name : `${line.name} ${id}`;
  return { name, on, what, beside: line.beside, unit };
}

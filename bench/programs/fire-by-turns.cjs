// Fires through the library in two ways by turns, each event durable when its
// promise resolves. A way is a spool and how many are under way at once. Prints
// events a second, as JSON: { ours: [...], theirs: [...] }. CommonJS, so that
// nothing has used the thread pool before the library is loaded and may say how
// large it is to be.
//   node fire-by-turns.cjs LIBRARY ROUNDS EVENTS FILE SPOOL WIDTH SPOOL WIDTH
const [path, rounds, events, file, ...ways] = process.argv.slice(2);
const { fire } = require(path);
const { readFileSync } = require('node:fs');

const body = readFileSync(file);

/** Fires so many events, `width` of them under way at any time; gives events a second. */
async function rate(spool, width) {
  let left = Number(events);
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await fire('complete', body, { spool });
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: Number(width) }, lane));
  return (1000 * Number(events)) / (performance.now() - start);
}

async function main() {
  const samples = { ours: [], theirs: [] };
  for (let n = -1; n < Number(rounds); n += 1) {
    const ours = await rate(ways[0], ways[1]);
    const theirs = await rate(ways[2], ways[3]);
    if (n < 0) continue; // a warm-up
    samples.ours.push(ours);
    samples.theirs.push(theirs);
  }
  console.log(JSON.stringify(samples));
}

main();

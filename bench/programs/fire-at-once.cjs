// Fires through the library, 64 at once and one after another by turns, each
// event durable when its promise resolves. Prints events a second, as JSON:
// [{ atOnce, oneByOne }, …]. CommonJS, so that nothing has used the thread
// pool before the library is loaded and may say how large it is to be.
//   node fire-at-once.cjs LIBRARY ROUNDS EVENTS FILE
const [path, rounds, events, file] = process.argv.slice(2);
const { fire } = require(path);
const { readFileSync } = require('node:fs');

const width = 64;
const body = readFileSync(file);

async function oneByOne() {
  for (let n = 0; n < Number(events); n += 1) await fire('complete', body);
}

/** 64 are under way at any time. */
async function atOnce() {
  let left = Number(events);
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await fire('complete', body);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function rate(work) {
  const start = performance.now();
  await work();
  return (1000 * Number(events)) / (performance.now() - start);
}

async function main() {
  await rate(atOnce);
  await rate(oneByOne);
  const samples = [];
  for (let n = 0; n < Number(rounds); n += 1) {
    samples.push({ atOnce: await rate(atOnce), oneByOne: await rate(oneByOne) });
  }
  console.log(JSON.stringify(samples));
}

main();

// Adds a file's lines, 100 jobs at a time. Several batches are under way at
// once, so that neither this process nor Redis waits for the other.
//   node bullmq-add-bulk.mjs SOCKET FILE
import { readFileSync } from 'node:fs';
import { Queue } from 'bullmq';

const batchSize = 100;
const underWay = 4;

const [path, file] = process.argv.slice(2);
const queue = new Queue('complete', { connection: { path } });
const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
let next = 0;

async function addBatches() {
  while (next < lines.length) {
    const batch = lines.slice(next, next + batchSize);
    next += batchSize;
    await queue.addBulk(
      batch.map((line) => ({ name: 'complete', data: JSON.parse(line), opts: { removeOnComplete: true } })),
    );
  }
}

await Promise.all(Array.from({ length: underWay }, addBatches));
await queue.close();

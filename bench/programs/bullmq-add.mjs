// Adds one job and ends: what a script does that fires with BullMQ.
//   node bullmq-add.mjs SOCKET FILE
import { readFileSync } from 'node:fs';
import { Queue } from 'bullmq';

const [path, file] = process.argv.slice(2);
const queue = new Queue('complete', { connection: { path } });
await queue.add('complete', JSON.parse(readFileSync(file, 'utf8')));
await queue.close();

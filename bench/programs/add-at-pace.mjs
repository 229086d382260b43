// Adds BullMQ jobs at a steady rate, and prints when each was durable.
//   node add-at-pace.mjs SOCKET PER_SECOND COUNT
import { Queue } from 'bullmq';
import { acceptAtPace } from './support/pace.mjs';

const [path, perSecond, count] = process.argv.slice(2);
const queue = new Queue('complete', { connection: { path } });
await queue.waitUntilReady();
await acceptAtPace({
  perSecond: Number(perSecond),
  count: Number(count),
  accept: (payload) => queue.add('complete', JSON.parse(payload), { removeOnComplete: true }),
});
await queue.close();

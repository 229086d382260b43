// Fires through the library at a steady rate, and prints when each was durable.
//   node fire-at-pace.mjs LIBRARY PER_SECOND COUNT
import { acceptAtPace } from './support/pace.mjs';

const [library, perSecond, count] = process.argv.slice(2);
const { fire } = await import(library);
await acceptAtPace({
  perSecond: Number(perSecond),
  count: Number(count),
  accept: (payload) => fire('complete', Buffer.from(payload)),
});

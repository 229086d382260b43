// Works off the jobs that wait, 50 at once, each with one signed POST through
// undici, and ends when so many are done; without a number it stays.
//   node bullmq-worker.mjs SOCKET URL [JOBS]
import { Worker } from 'bullmq';
import { Pool } from 'undici';
import { createPoster } from './support/poster.mjs';

const [path, url, jobs = Number.POSITIVE_INFINITY] = process.argv.slice(2);
const post = createPoster(new Pool(new URL(url).origin, { connections: 50 }), new URL(url).pathname);
let done = 0;

const worker = new Worker('complete', (job) => post(job.id, JSON.stringify(job.data)), {
  connection: { path },
  concurrency: 50,
});
worker.on('completed', async () => {
  done += 1;
  if (done < Number(jobs)) return;
  await worker.close();
  process.exit();
});
worker.on('failed', (_, error) => {
  throw error;
});

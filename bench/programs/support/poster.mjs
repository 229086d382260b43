/** What a careful worker does with a job: a POST, signed as capnhook signs (Standard Webhooks). */
import { createHmac, createSecretKey } from 'node:crypto';

const key = createSecretKey(Buffer.from(process.env.BENCH_SECRET.slice('whsec_'.length), 'base64'));

/**
 * @param {import('undici').Pool} pool
 * @param {string} path
 * @returns {(id: string, body: string) => Promise<void>} rejects unless the answer is 2xx
 */
export function createPoster(pool, path) {
  return async (id, body) => {
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    const answer = await pool.request({
      method: 'POST',
      path,
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': `v1,${signature}`,
      },
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
  };
}

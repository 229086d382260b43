/** What a careful worker does with a job: a POST, signed as capnhook signs (Standard Webhooks). */
import { sign } from './sign.mjs';

/**
 * @param {import('undici').Pool} pool
 * @param {string} path
 * @returns {(id: string, body: string) => Promise<void>} rejects unless the answer is 2xx
 */
export function createPoster(pool, path) {
  return async (id, body) => {
    const { timestamp, signature } = sign(id, body);
    const answer = await pool.request({
      method: 'POST',
      path,
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signature,
      },
    });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}`);
  };
}

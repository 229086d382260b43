/** Signing as capnhook does (Standard Webhooks), with the secret of the environment. */
import { createHmac, createSecretKey } from 'node:crypto';

const key = createSecretKey(Buffer.from(process.env.BENCH_SECRET.slice('whsec_'.length), 'base64'));

/**
 * @param {string} id
 * @param {string | Uint8Array} body
 * @returns {{ timestamp: string, signature: string }} for the headers `webhook-timestamp` and `webhook-signature`
 */
export function sign(id, body) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
  return { timestamp, signature: `v1,${hmac.digest('base64')}` };
}

/** Makes the request of an attempt: headers, body and signature. Reads secrets, and does no other I/O. */
import type { Secret } from '../../endpoint/endpoint.js';
import type { Preparation, Prepared } from '../prepared.js';
import type { Attempt } from '../sender.js';
import type { SecretReader } from './secrets.js';
import { createSignature } from './sign.js';
import { createTemplates, UnusableSecret } from './template.js';

/**
 * Makes the function that prepares requests. What cannot be used comes back as
 * an error with the code `BAD_SECRET` (a secret that is missing, is not a
 * signing key, or cannot stand in a header) or `BAD_URL` (not a whole URL of
 * http or https), with what to do about it; it is looked up again at the next
 * attempt.
 *
 * An endpoint's own `user-agent`, `accept`, `host` and `authorization` go before
 * capnhook's and before the credentials in its URL; everything else that
 * capnhook sets goes before the endpoint's headers. A `host` of its own does not
 * change which name the certificate must be for: that is the URL's host.
 *
 * @param options.userAgent `capnhook/<version>`
 */
export function createPrepare({
  userAgent,
  secrets,
}: {
  userAgent: string;
  secrets: SecretReader;
}): (attempt: Attempt) => Preparation {
  const templateOf = createTemplates({ userAgent, secrets });

  function prepare({ event, endpoint, attempt, timestamp }: Attempt): Prepared {
    const template = templateOf(endpoint);
    const { id, payload, hook = template.hook } = event;
    const body = Buffer.isBuffer(payload)
      ? payload
      : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const headers = template.headers.slice();
    headers.push('webhook-id', id, 'webhook-timestamp', `${timestamp}`, 'capnhook-attempt', `${attempt}`);
    if (hook !== undefined) headers.push('capnhook-hook', hook);
    if (template.keys.length > 0) {
      headers.push('webhook-signature', createSignature(template.keys, { id, timestamp, body }));
    }
    const { destination, path, mask } = template;
    return { kind: 'prepared', destination, path, headers, body, timeoutMs: endpoint.timeoutMs, mask };
  }

  return (attempt) => {
    try {
      return prepare(attempt);
    } catch (error) {
      if (!(error instanceof UnusableSecret)) throw error;
      const { code, secret, message } = error;
      secrets.forget(secret);
      // A file can be changed while this process runs, and so can the hooks file; its environment cannot.
      const isLasting = 'env' in secret;
      return { kind: 'error', code, message, hint: hintOf(secret), isLasting };
    }
  };
}

function hintOf(secret: Secret): string {
  if ('env' in secret)
    return `Set ${secret.env} where the drain is started (in the crontab, or with Environment= of the unit).`;
  if ('file' in secret) return `Put it into ${secret.file}, where the drain may read it.`;
  if ('credential' in secret) return `Give ${secret.credential} with LoadCredential= of the unit.`;
  return 'Correct it in the hooks file.';
}

import { parseWebhookUrl } from '../../event/webhook-url.js';
import { CapnhookError } from '../../shared/errors.js';

/** A text that is a URL to send to, as it is. @throws CapnhookError `USAGE` for any other text */
export function checkedUrl(text: string): string {
  const parsed = parseWebhookUrl(text);
  if (parsed.ok) return text;
  throw new CapnhookError('USAGE', `Cannot use this URL: ${parsed.reason}`, {
    hint: 'Give a whole URL, such as https://example.com/in.',
  });
}

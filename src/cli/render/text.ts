import { urlOf } from '../../event/url-of.js';
import { formatSpan } from '../../shared/duration.js';
import { visible } from '../../shared/visible.js';

/** Makes foreign text, such as a file's name, safe for a terminal. */
export const safe: (text: string) => string = visible;

/** Shortens every URL in a text to its scheme and host. */
export function hideUrls(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s'"]*/gi, (found) => {
    const url = urlOf(found);
    return url === undefined ? 'a URL' : `${url.protocol}//${url.host}/…`;
  });
}

/** `1 delivery`, `2 deliveries`. */
export function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Renders a time (ms since the epoch) relative to `now`: `in 5m`. */
export function renderDue(dueMs: number, now: number): string {
  return `in ${formatSpan(dueMs - now)}`;
}

/** Renders an entry that was moved to corrupt/, with the reason. */
export function renderCorrupt({ name, reason }: { name: string; reason: string }): string {
  return `moved to corrupt/: ${safe(name)}: ${safe(reason)}`;
}

import { formatDuration } from '../../shared/duration.js';
import { visible } from '../../shared/visible.js';

/** Text from a stranger (a file's name, say) that cannot steer a terminal. */
export const safe: (text: string) => string = visible;

/** Text that may hold URLs, with no more of them left than scheme and host. */
export function hideUrls(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s'"]*/gi, (url) => {
    if (!URL.canParse(url)) return 'a URL';
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}/…`;
  });
}

/** `1 delivery`, `2 deliveries`. */
export function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A time (ms since the epoch) as the machine's users write it, with what it is from now: `in 5m`. */
export function renderDue(dueMs: number, now: number): string {
  const seconds = Math.max(Math.round((dueMs - now) / 1000), 0) * 1000;
  return `in ${formatDuration(seconds)}`;
}

/** What was put aside, and why. */
export function renderAside({ name, reason }: { name: string; reason: string }): string {
  return `put aside in corrupt/: ${safe(name)}: ${safe(reason)}`;
}

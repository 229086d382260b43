/** The command line that does the same as a form. */
import { isoTime } from '../../shared/iso-time.js';
import type { Action, Chosen, RowFilter } from '../page-data.js';

/** Maximum number of ids that are named. */
const maxIds = 5;

/** Such as `capnhook retry --dead --endpoint chat`. */
export function commandOf(action: Action, chosen: Chosen): string {
  const words = ['capnhook', action, ...argumentsOf(action, chosen)];
  return words.map(quoted).join(' ');
}

function argumentsOf(action: Action, chosen: Chosen): string[] {
  if (chosen.kind === 'endpoint') {
    return action === 'pause' || action === 'resume' ? [chosen.endpoint] : ['--endpoint', chosen.endpoint];
  }
  if (chosen.kind === 'filter') return ofFilter(chosen.filter);
  const ids = [...new Set(chosen.entries.map(({ id }) => id))];
  return ids.length > maxIds ? [...ids.slice(0, maxIds), '…'] : ids;
}

function ofFilter({ state, endpoint, hook, since, before }: RowFilter): string[] {
  const words: string[] = [];
  if (state === 'dead' || state === 'unclaimed') words.push(`--${state}`);
  if (endpoint !== undefined) words.push('--endpoint', endpoint);
  if (hook !== undefined) words.push('--hook', hook);
  if (since !== undefined) words.push('--since', isoTime(since));
  if (before !== undefined) words.push('--older', isoTime(before));
  return words.length === 0 ? ['--all'] : words;
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./\u2026-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

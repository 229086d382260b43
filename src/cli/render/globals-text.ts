import type { Globals } from '../options.js';
import { quoted } from './shellenv.js';

/** The options that name the spool and the hooks file, for a command that is suggested: ` --spool /x`. */
export function globalsText({ spool, config }: Pick<Globals, 'spool' | 'config'>): string {
  const named = { spool, config };
  return Object.entries(named)
    .map(([name, value]) => (value === undefined ? '' : ` --${name} ${wordOf(value)}`))
    .join('');
}

function wordOf(text: string): string {
  return /^[\w./+:@-]+$/.test(text) ? text : quoted(text);
}

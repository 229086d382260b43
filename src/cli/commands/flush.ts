import { type Flushable, flush, flushable } from '../../library/flush.js';
import { CapnhookError } from '../../shared/errors.js';
import { exitCodes } from '../../shared/exit-codes.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { count, renderCorrupt } from '../render/text.js';

/** The arguments of `flush`. */
export interface FlushArguments {
  hook?: string | undefined;
  yes?: boolean | undefined;
}

/** `capnhook flush`. @throws CapnhookError `USAGE` without `--yes` and without a terminal, or as the library's `flush` */
export async function runFlush({ hook, yes }: FlushArguments, globals: Globals, io: Io): Promise<number> {
  const options = { hook, spool: globals.spool, config: globals.config, env: io.env };
  if (!yes) {
    const found = await flushable(options);
    const isEmpty = found.events + found.deliveries === 0;
    const answer = isEmpty ? '' : await ask(found, io);
    if (answer === undefined || !/^y(es)?$/i.test(answer.trim())) {
      const why = isEmpty ? `: nothing is queued in ${found.spool}` : '';
      if (globals.json && isEmpty) io.out(renderJson({ events: 0, deliveries: 0, corrupt: [] }));
      else io.err(`capnhook: nothing was flushed${why}\n`);
      return answer === undefined ? exitCodes.interrupted : exitCodes.ok;
    }
  }
  const dropped = await flush(options);
  if (globals.json) io.out(renderJson(dropped));
  else if (!globals.quiet) {
    for (const entry of dropped.corrupt) io.err(`capnhook: ${renderCorrupt(entry)}\n`);
    io.err(`capnhook: moved ${whatOf(dropped)} to dead/\n`);
  }
  return exitCodes.ok;
}

/** Maximum number of hooks named in the question. */
const maxNamed = 5;

function whatOf({ deliveries, events }: { deliveries: number; events: number }): string {
  const queued = count(deliveries, 'queued delivery', 'queued deliveries');
  return `${queued} and ${count(events, 'event')} not taken in yet`;
}

async function ask(found: Flushable, io: Io): Promise<string | undefined> {
  const named = [...found.hooks].sort(([, a], [, b]) => b - a).slice(0, maxNamed);
  const list = named.map(([hook, number]) => `${number} of ${hook === '' ? 'no hook' : hook}`);
  const others = found.hooks.size - named.length;
  if (others > 0) list.push(`others of ${count(others, 'hook')}`);
  const what = `${whatOf(found)} (${list.join(', ')}) in the spool ${found.spool}`;
  if (!io.isTerminal('in') || !io.isTerminal('err')) {
    throw new CapnhookError(
      'USAGE',
      `Cannot flush ${what}: this moves them to dead/, and there is no terminal to confirm it`,
      {
        hint: 'Add --yes to confirm.',
      },
    );
  }
  return await io.ask(`Move ${what} to dead/? [y/N] `);
}

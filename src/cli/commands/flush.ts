import { flush } from '../../library/flush.js';
import { CapnhookError } from '../../shared/errors.js';
import { exitCodes } from '../../shared/exit-codes.js';
import type { Io } from '../io.js';
import type { Globals } from '../options.js';
import { count, renderAside } from '../render/text.js';

/** What was typed behind `flush`. */
export interface FlushArguments {
  hook?: string | undefined;
  yes?: boolean | undefined;
}

/** `capnhook flush`. @throws CapnhookError `USAGE` without `--yes` where nobody can be asked, or as the library's `flush` */
export async function runFlush({ hook, yes }: FlushArguments, globals: Globals, io: Io): Promise<number> {
  const answer = yes ? 'yes' : await ask(hook, io);
  if (answer === undefined || !/^y(es)?$/i.test(answer.trim())) {
    io.err('capnhook: nothing was dropped\n');
    return answer === undefined ? exitCodes.interrupted : exitCodes.ok;
  }
  const dropped = await flush({ hook, spool: globals.spool, env: io.env });
  if (globals.json) io.out(`${JSON.stringify(dropped)}\n`);
  else if (!globals.quiet) {
    for (const entry of dropped.corrupt) io.err(`capnhook: ${renderAside(entry)}\n`);
    const deliveries = count(dropped.deliveries, 'queued delivery', 'queued deliveries');
    io.err(`capnhook: dropped ${deliveries} and ${count(dropped.events, 'event')} not taken in yet\n`);
  }
  return exitCodes.ok;
}

async function ask(hook: string | undefined, io: Io): Promise<string | undefined> {
  if (!io.isTerminal('in') || !io.isTerminal('err')) {
    throw new CapnhookError('USAGE', 'Cannot flush: it drops events for good, and nobody can be asked here', {
      hint: 'Add --yes if that is meant.',
    });
  }
  const what = hook === undefined ? 'everything that is queued' : `everything that is queued for ${hook}`;
  return await io.ask(`Drop ${what}, for good? [y/N] `);
}

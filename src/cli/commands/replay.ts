import { type Replayed, replay } from '../../library/replay.js';
import { exitCodes } from '../../shared/exit-codes.js';
import { isoTime } from '../../shared/iso-time.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { renderEndpoints } from '../render/operated.js';
import { count } from '../render/text.js';
import { type SelectArguments, selectionOf, takeBackLine } from '../selection.js';
import { steerOptions, watched } from '../steer.js';

/** The arguments of `replay`. */
export interface ReplayArguments extends SelectArguments {
  rate?: string | undefined;
  'dry-run'?: boolean | undefined;
}

/** `capnhook replay`; 75 where a drain was asked and has not answered. @throws CapnhookError as the library's `replay` */
export async function runReplay(args: ReplayArguments, globals: Globals, io: Io): Promise<number> {
  const dryRun = args['dry-run'] ?? false;
  const options = {
    ...selectionOf(args, { doing: 'replay', now: Date.now() }),
    ...steerOptions(globals, io),
    rate: args.rate,
    dryRun,
  };
  const done = await watched('queueing', { globals, io }, (watching) => replay({ ...options, ...watching }));
  const { before, ...operated } = done;
  const data = { ...operated, before: isoTime(before) };
  if (globals.json) io.out(renderJson(dryRun ? { ...data, dryRun } : data));
  if (done.isPending || !(globals.json || globals.quiet))
    io.err(`capnhook: ${render(done, { args, isDry: dryRun, globals })}\n`);
  return done.isPending ? exitCodes.temporary : exitCodes.ok;
}

function render(
  replayed: Replayed,
  { args, isDry, globals }: { args: ReplayArguments; isDry: boolean; globals: Globals },
): string {
  const { count: events, endpoints, entries, isPending, isDraining, before } = replayed;
  if (events === 0)
    return 'nothing to replay: nothing of it was delivered and kept; sent in the hooks file says what is kept';
  const what = `${count(events, 'delivery', 'deliveries')} for ${renderEndpoints(replayed)}`;
  if (isDry) return `${what} would be queued again; nothing was changed`;
  if (isPending) {
    const since = args.since === undefined ? '' : ` --since ${args.since}`;
    return `the running drain was asked to queue ${what} again, and has got no further for 15 s; it does so when it can, or else the next drain does. To ask again: capnhook replay${since} --older ${isoTime(before)}`;
  }
  const sender = isDraining ? 'the running drain sends them' : 'nobody drains: capnhook drain sends them';
  return `${what} queued again; ${sender}${takeBackLine(['sent'], { entries, endpoints, globals })}`;
}

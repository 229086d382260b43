import { spoolPath } from '../../config/paths.js';
import { type Purged, type PurgeRoom, purge } from '../../library/purge.js';
import { CapnhookError } from '../../shared/errors.js';
import { exitCodes } from '../../shared/exit-codes.js';
import { confirm } from '../confirm.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { listed, renderEndpoints } from '../render/operated.js';
import { count, safe } from '../render/text.js';
import { steerOptions, watched } from '../steer.js';
import { parsePastTime } from '../time-option.js';

/** The arguments of `purge`. */
export interface PurgeArguments extends Partial<Record<PurgeRoom, boolean>> {
  ids: readonly string[];
  endpoint?: readonly string[] | undefined;
  hook?: string | undefined;
  older?: string | undefined;
  'dry-run'?: boolean | undefined;
  yes?: boolean | undefined;
}

/**
 * `capnhook purge`; 130 after Ctrl-C.
 * @throws CapnhookError `USAGE` without a room, or without `--yes` and without a terminal; as the library's `purge`
 */
export async function runPurge(args: PurgeArguments, globals: Globals, io: Io): Promise<number> {
  const { ids, endpoint, hook, yes, 'dry-run': dryRun = false } = args;
  const rooms = (['dead', 'unclaimed', 'sent', 'corrupt'] as const).filter((room) => args[room]);
  refuseVain(args);
  const before = parsePastTime('--older', args.older, { doing: 'purge', now: Date.now() });
  const selection = { rooms, endpoint, hook, before, ids: ids.length === 0 ? undefined : ids };
  const options = { ...selection, ...steerOptions(globals, io) };
  let total: number | undefined;
  if (dryRun || !yes) {
    const found = await purge({ ...options, dryRun: true });
    if (dryRun || found.count === 0) return tell(found, { globals, io, isDry: dryRun });
    total = found.count;
    const what = `${renderRooms(found)} in the spool ${spoolPath(io.env, globals.spool)}`;
    const answer = await confirm(io, { doing: 'purge', what, question: `Remove ${what} for good?` });
    if (!answer) {
      io.err('capnhook: nothing was purged\n');
      return answer === undefined ? exitCodes.interrupted : exitCodes.ok;
    }
  }
  const done = await watched('purging', { globals, io, total }, ({ onProgress }) =>
    purge({ ...options, onProgress }),
  );
  return tell(done, { globals, io, isDry: false });
}

/** Refuses an option that would select nothing at all. */
function refuseVain({ dead, unclaimed, sent, corrupt, endpoint, hook }: PurgeArguments): void {
  const isVain =
    endpoint !== undefined ? !(dead || sent) : hook !== undefined && !(dead || unclaimed || sent);
  if (!isVain || !(unclaimed || corrupt)) return;
  const option = endpoint === undefined ? '--hook' : '--endpoint';
  const what = corrupt ? 'what is corrupt' : 'what is unclaimed';
  throw new CapnhookError('USAGE', `Cannot purge: ${what} has no ${option.slice(2)}`, {
    hint: `Leave ${option} out, or say --dead or --sent.`,
  });
}

function tell(purged: Purged, { globals, io, isDry }: { globals: Globals; io: Io; isDry: boolean }): number {
  if (globals.json) io.out(renderJson(isDry ? { ...purged, dryRun: true } : purged));
  for (const { name, reason } of purged.left)
    io.err(`capnhook: ${safe(name)} is still there: ${safe(reason)}; remove it yourself\n`);
  if (!(globals.json || globals.quiet)) io.err(`capnhook: ${render(purged, isDry)}\n`);
  return exitCodes.ok;
}

function render(purged: Purged, isDry: boolean): string {
  if (purged.count === 0) return 'nothing to purge';
  const whom = purged.endpoints.length === 0 ? '' : ` (for ${renderEndpoints(purged)})`;
  const what = `${renderRooms(purged)}${whom}`;
  return isDry ? `would remove ${what}; nothing was changed` : `removed ${what}; this cannot be undone`;
}

/** `3 dead deliveries and 1 corrupt entry`. */
function renderRooms({ rooms }: Purged): string {
  const { dead = 0, unclaimed = 0, sent = 0, corrupt = 0 } = rooms;
  const parts = [
    dead > 0 && count(dead, 'dead delivery', 'dead deliveries'),
    unclaimed > 0 && count(unclaimed, 'unclaimed event'),
    sent > 0 && count(sent, 'sent delivery', 'sent deliveries'),
    corrupt > 0 && count(corrupt, 'corrupt entry', 'corrupt entries'),
  ];
  return listed(parts.filter((part) => part !== false));
}

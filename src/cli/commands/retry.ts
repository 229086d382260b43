import { type Retried, retry, type SelectOptions } from '../../library/operate.js';
import { exitCodes } from '../../shared/exit-codes.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { renderEndpoints, renderStates } from '../render/operated.js';
import { safe } from '../render/text.js';
import { placed, type SelectArguments, selectionOf, takeBackLine } from '../selection.js';
import { steerOptions, watched } from '../steer.js';
import { runDrain } from './drain.js';

/** The arguments of `retry`. */
export interface RetryArguments extends SelectArguments {
  dead?: boolean | undefined;
  unclaimed?: boolean | undefined;
  reason?: string | undefined;
  'dry-run'?: boolean | undefined;
}

/**
 * `capnhook retry`. Where no drain runs it makes a pass, and has its exit code; 75 where a drain was asked and has not
 * answered.
 * @throws CapnhookError as the library's `retry`
 */
export async function runRetry(args: RetryArguments, globals: Globals, io: Io): Promise<number> {
  const now = Date.now();
  const dryRun = args['dry-run'] ?? false;
  const options: SelectOptions = {
    ...selectionOf(args, { doing: 'retry', now }),
    ...steerOptions(globals, io),
    states: statesOf(args),
    reasons: args.reason === undefined ? undefined : [args.reason],
    dryRun,
  };
  const done = await watched('retrying', { globals, io }, (watching) => retry({ ...options, ...watching }));
  const words = render(done, { isDry: dryRun, globals });
  if (done.isPending || !(globals.json || globals.quiet)) io.err(`capnhook: ${words}\n`);
  const isSelected = done.count > 0 || done.endpoints.length > 0;
  const data = dryRun ? { ...done, dryRun } : done;
  // Where nobody drains, what is due now is sent here.
  if (isSelected && !dryRun && !done.isDraining && !done.isPending)
    return runDrain({}, globals, io, (drain) => io.out(renderJson({ ...data, drain })));
  if (globals.json) io.out(renderJson(data));
  return done.isPending ? exitCodes.temporary : exitCodes.ok;
}

/** Maximum number of endpoints that are not tried, and are named. */
const maxUntried = 5;

function statesOf({ dead, unclaimed }: RetryArguments): SelectOptions['states'] {
  if (!dead && !unclaimed) return undefined;
  return [...(unclaimed ? (['unclaimed'] as const) : []), ...(dead ? (['dead'] as const) : [])];
}

function render(operated: Retried, { isDry, globals }: { isDry: boolean; globals: Globals }): string {
  const { count, endpoints, entries, isPending, isDraining, untried = [] } = operated;
  if (count === 0 && endpoints.length === 0)
    return 'nothing to retry: nothing of it is queued, dead or unclaimed';
  const tried = endpoints.filter((id) => !untried.some(({ endpoint }) => endpoint === id));
  const are = tried.length === 1 ? 'is' : 'are';
  const verb = isDry ? 'would be' : are;
  const parts: string[] = [];
  if (count > 0) parts.push(`${renderStates(operated)} ${isDry ? 'would be queued' : 'queued'} again`);
  if (tried.length > 0) parts.push(`${renderEndpoints({ endpoints: tried })} ${verb} tried now`);
  parts.push(
    ...untried
      .slice(0, maxUntried)
      .map(({ endpoint, why }) => `${safe(endpoint)} is not tried: ${safe(why)}`),
  );
  if (untried.length > maxUntried) parts.push(`nor are ${untried.length - maxUntried} others`);
  if (isDry) return [...parts, 'nothing was changed'].join('; ');
  if (isPending)
    return 'the running drain was asked to retry it, and has got no further for 15 s; it does so when it can, or else the next drain does';
  if (!isDraining) parts.push('nobody drains, so a pass begins here');
  const paused = untried.flatMap(({ endpoint, state }) => (state === 'paused' ? [endpoint] : []));
  const resume =
    paused.length === 0 ? '' : `\n  To let it go on: ${placed(['capnhook', 'resume', ...paused], globals)}`;
  // What was deferred is sent a little earlier, which needs no undoing.
  return `${parts.join('; ')}${takeBackLine(['dead', 'unclaimed'], { entries, endpoints: tried, globals })}${resume}`;
}

import { type Operated, pause, type Resumed, resume } from '../../library/operate.js';
import { exitCodes } from '../../shared/exit-codes.js';
import { isoTime } from '../../shared/iso-time.js';
import type { Io } from '../io/io.js';
import { readUrl } from '../io/read-url.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';
import { renderEndpoints } from '../render/operated.js';
import { placed } from '../selection.js';
import { steerOptions } from '../steer.js';
import { parseFutureTime } from '../time-option.js';

/** The arguments of `resume`. */
export interface ResumeArguments {
  endpoints: readonly string[];
  'dry-run'?: boolean | undefined;
}

/** The arguments of `pause`. */
export interface PauseArguments extends ResumeArguments {
  until?: string | undefined;
  why?: string | undefined;
}

/** `capnhook pause ENDPOINT…`; 75 where a drain was asked and has not answered. @throws as the library's `pause` */
export async function runPause(
  { endpoints, until: typed, why, 'dry-run': dryRun = false }: PauseArguments,
  globals: Globals,
  io: Io,
): Promise<number> {
  const until = parseFutureTime('--until', typed, { doing: 'pause', now: Date.now() });
  const paused = await pause(targetsOf(endpoints, io), { ...steerOptions(globals, io), until, why, dryRun });
  const who = renderEndpoints(paused);
  const end = until === undefined ? '' : ` until ${isoTime(until)}`;
  const words = dryRun
    ? `${who} would be paused${end}; nothing was changed`
    : `${who} paused${end}; what is queued is kept\n  Undo: ${placed(['capnhook', 'resume', ...paused.endpoints], globals)}`;
  const data = until === undefined ? {} : { until: isoTime(until) };
  return tell(paused, { words, data, dryRun, globals, io });
}

/** `capnhook resume ENDPOINT…`; 75 where a drain was asked and has not answered. @throws as the library's `resume` */
export async function runResume(
  { endpoints, 'dry-run': dryRun = false }: ResumeArguments,
  globals: Globals,
  io: Io,
): Promise<number> {
  const resumed = await resume(targetsOf(endpoints, io), { ...steerOptions(globals, io), dryRun });
  const words = resumedWords(resumed, { dryRun, globals });
  const data = resumed.unpaused === undefined ? {} : { unpaused: resumed.unpaused };
  return tell(resumed, { words, data, dryRun, globals, io });
}

function resumedWords(
  { endpoints, unpaused = [], isDraining }: Resumed,
  { dryRun, globals }: { dryRun: boolean; globals: Globals },
): string {
  const ended = endpoints.filter((id) => !unpaused.includes(id));
  const parts: string[] = [];
  const was = unpaused.length === 1 ? 'was' : 'were';
  if (unpaused.length > 0) parts.push(`${renderEndpoints({ endpoints: unpaused })} ${was} not paused`);
  if (ended.length > 0)
    parts.push(`${renderEndpoints({ endpoints: ended })} ${dryRun ? 'would be resumed' : 'resumed'}`);
  if (dryRun) return [...parts, 'nothing was changed'].join('; ');
  parts.push(isDraining ? 'the running drain tries it now' : 'the next drain tries it');
  const undo = placed(['capnhook', 'pause', ...ended], globals);
  return `${parts.join('; ')}${ended.length === 0 ? '' : `\n  Undo: ${undo}`}`;
}

function targetsOf(endpoints: readonly string[], io: Io): string[] {
  return endpoints.map((each) => (each === '-' ? readUrl(io) : each));
}

interface Told {
  words: string;
  /** Further members of the JSON document. */
  data: object;
  dryRun: boolean;
  globals: Globals;
  io: Io;
}

function tell({ endpoints, isDraining, isPending }: Operated, told: Told): number {
  const { data, dryRun, globals, io } = told;
  if (globals.json)
    io.out(renderJson({ endpoints, ...data, isDraining, isPending, dryRun: dryRun || undefined }));
  const words = isPending
    ? 'the running drain was asked to do so, and has got no further for 15 s; it does so when it can, or else the next drain does'
    : told.words;
  if (isPending || !(globals.json || globals.quiet)) io.err(`capnhook: ${words}\n`);
  return isPending ? exitCodes.temporary : exitCodes.ok;
}

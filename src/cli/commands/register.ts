import { looksLikeUrl } from '../../event/webhook-url.js';
import { type Deregistered, deregister, namesEndpoint } from '../../library/deregister.js';
import { register } from '../../library/register.js';
import { CapnhookError } from '../../shared/errors.js';
import type { Io } from '../io.js';
import type { Globals } from '../options.js';
import { count } from '../render/text.js';
import { unreadable } from '../unreadable.js';

/** A URL is no longer than this. */
const maxUrlBytes = 8192;

/** `capnhook register HOOK URL`. @throws as the library's `register` */
export async function runRegister(
  { hook, url }: { hook: string; url: string },
  globals: Globals,
  io: Io,
): Promise<number> {
  const { changed } = await register(hook, url === '-' ? readUrl(io) : url, {
    config: globals.config,
    env: io.env,
  });
  if (globals.json) io.out(`${JSON.stringify({ changed })}\n`);
  else if (!globals.quiet && (globals.verbose || io.isTerminal('err'))) {
    io.err(
      changed ? `capnhook: registered for ${hook}\n` : `capnhook: it was registered for ${hook} already\n`,
    );
  }
  return 0;
}

/** What was typed behind `deregister`. */
export interface DeregisterArguments {
  /** A URL or an endpoint; or two words, of which one is a hook. */
  words: readonly string[];
  hook?: string | undefined;
  keep?: boolean | undefined;
  dryRun?: boolean | undefined;
}

/** `capnhook deregister [HOOK] URL|ENDPOINT`. @throws as the library's `deregister` */
export async function runDeregister(args: DeregisterArguments, globals: Globals, io: Io): Promise<number> {
  const { config, spool } = globals;
  const { target, hook } = await wordsOf(args, globals, io);
  const { keep, dryRun } = args;
  const url = target === '-' ? readUrl(io) : target;
  const done = await deregister(url, { config, spool, hook, keep, dryRun, env: io.env });
  if (globals.json) io.out(`${JSON.stringify(dryRun ? { ...done, dryRun } : done)}\n`);
  if (globals.json || globals.quiet) return 0;
  io.err(`capnhook: ${renderDeregistered(done, dryRun ?? false)}\n`);
  return 0;
}

/** Which word is the hook: the one that is no URL, or no endpoint of the hooks file; the first one as with `register`. */
async function wordsOf(
  { words, hook }: DeregisterArguments,
  globals: Globals,
  io: Io,
): Promise<{ target: string; hook: string | undefined }> {
  const [first = '', second] = words;
  if (second === undefined) return { target: first, hook };
  if (hook !== undefined)
    throw new CapnhookError('USAGE', 'Cannot deregister: the hook is given twice', {
      hint: 'Leave --hook out.',
    });
  const isTarget = (word: string) => word === '-' || looksLikeUrl(word);
  if (isTarget(second)) return { target: second, hook: first };
  if (isTarget(first)) return { target: first, hook: second };
  const isFirst = await namesEndpoint(first, second, { config: globals.config, env: io.env });
  return isFirst ? { target: first, hook: second } : { target: second, hook: first };
}

function renderDeregistered(done: Deregistered, isDryRun: boolean): string {
  const { removedFrom, moved, queued, belongsTo, isPending } = done;
  const would = isDryRun ? 'would be ' : '';
  const from = removedFrom.join(', ');
  const parts = [removedFrom.length === 0 ? 'it was not registered' : `${would}deregistered from ${from}`];
  const deliveries = (number: number) => count(number, 'delivery', 'deliveries');
  if (moved > 0) parts.push(`${deliveries(moved)} ${would}moved to dead/`);
  if (isPending) parts.push('the drain that runs was asked to move what is queued, and has not done so yet');
  if (queued > 0) parts.push(`${deliveries(queued)} still queued for it`);
  if (belongsTo !== undefined)
    parts.push(`the spool was left alone: it belongs to the hooks file ${belongsTo}`);
  if (isDryRun) parts.push('nothing was changed');
  return parts.join('; ');
}

function readInput(io: Io): Buffer | undefined {
  try {
    const bytes = io.readInput(maxUrlBytes);
    return bytes && Buffer.from(bytes);
  } catch (error) {
    throw unreadable('Cannot read the URL from standard input', error);
  }
}

function readUrl(io: Io): string {
  const lines = readInput(io)?.toString('utf8').trim().split('\n') ?? [];
  if (lines.length === 1 && lines[0]) return lines[0].trim();
  throw new CapnhookError(
    'USAGE',
    'Cannot read the URL from standard input: one line with one URL is needed',
  );
}

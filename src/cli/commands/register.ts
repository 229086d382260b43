import { deregister, register } from '../../library/register.js';
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

/** `capnhook deregister URL|ENDPOINT`. @throws as the library's `deregister` */
export async function runDeregister(
  { target, hook }: { target: string; hook?: string | undefined },
  globals: Globals,
  io: Io,
): Promise<number> {
  const { config, spool } = globals;
  const url = target === '-' ? readUrl(io) : target;
  const { removedFrom, queued } = await deregister(url, { config, spool, hook, env: io.env });
  if (globals.json) io.out(`${JSON.stringify({ removedFrom, queued })}\n`);
  if (globals.json || globals.quiet) return 0;
  const from =
    removedFrom.length === 0 ? 'it was not registered' : `deregistered from ${removedFrom.join(', ')}`;
  const left = queued === 0 ? '' : `; ${count(queued, 'delivery', 'deliveries')} still queued for it`;
  io.err(`capnhook: ${from}${left}\n`);
  return 0;
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

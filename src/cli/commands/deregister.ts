import { looksLikeUrl } from '../../event/webhook-url.js';
import {
  type Deregistered,
  deregister,
  namesEndpoint,
  type ProbablyMeant,
} from '../../library/deregister.js';
import { CapnhookError } from '../../shared/errors.js';
import { exitCodes } from '../../shared/exit-codes.js';
import { endpointData } from '../../usecases/endpoint-data.js';
import type { Io } from '../io/io.js';
import { readUrl } from '../io/read-url.js';
import type { Globals } from '../options.js';
import { renderEndpoint } from '../render/endpoint.js';
import { renderJson } from '../render/json.js';
import { count } from '../render/text.js';

/** The arguments of `deregister`. */
export interface DeregisterArguments {
  /** A URL or an endpoint; or two words, of which one is a hook. */
  words: readonly string[];
  hook?: string | undefined;
  keep?: boolean | undefined;
  dryRun?: boolean | undefined;
}

/** `capnhook deregister [HOOK] URL|ENDPOINT`; 75 where a drain was asked and has not answered. @throws as the library's `deregister` */
export async function runDeregister(args: DeregisterArguments, globals: Globals, io: Io): Promise<number> {
  const { config, spool, showUrls } = globals;
  const { target, hook } = await wordsOf(args, globals, io);
  const { keep, dryRun } = args;
  const url = target === '-' ? readUrl(io) : target;
  const areWordsTold = !(globals.json || globals.quiet);
  const onWaiting = (): void => {
    if (areWordsTold)
      io.err('capnhook: the running drain is moving its deliveries to dead/; waiting for that\n');
  };
  const done = await deregister(url, { config, spool, hook, keep, dryRun, env: io.env, onWaiting });
  if (globals.json) io.out(renderJson(dataOf(done, { dryRun, showUrls })));
  const words = renderDeregistered(done, { hook, showUrls, isDryRun: dryRun ?? false });
  if (done.isPending || areWordsTold) io.err(`capnhook: ${words}\n`);
  return done.isPending ? exitCodes.temporary : exitCodes.ok;
}

/**
 * Tells the hook from the target: the hook is the word that is not a URL and not an endpoint of the hooks file. If both
 * could be the hook, it is the first, as with `register`.
 */
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

/** The result as JSON data; complete URLs only with `showUrls`. */
function dataOf(
  { didYouMean, ...done }: Deregistered,
  { dryRun, showUrls }: { dryRun: boolean | undefined; showUrls: boolean },
): Record<string, unknown> {
  const data: Record<string, unknown> = { ...done };
  if (didYouMean !== undefined) {
    const { endpoint } = didYouMean;
    data.didYouMean = endpoint ? { ...didYouMean, endpoint: endpointData(endpoint, showUrls) } : didYouMean;
  }
  if (dryRun) data.dryRun = dryRun;
  return data;
}

interface RenderOptions {
  hook: string | undefined;
  showUrls: boolean;
  isDryRun: boolean;
}

function renderDeregistered(done: Deregistered, { hook, showUrls, isDryRun }: RenderOptions): string {
  const { removedFrom, moved, queued, belongsTo, isPending, didYouMean } = done;
  const would = isDryRun ? 'would be ' : '';
  const parts = [`${would}deregistered from ${removedFrom.join(', ')}`];
  if (removedFrom.length === 0) {
    const where = hook === undefined ? '' : ` for ${hook}`;
    parts[0] = `it was not registered${where}${didYouMean ? renderMeant(didYouMean, showUrls) : ''}`;
  }
  const deliveries = (number: number) => count(number, 'delivery', 'deliveries');
  if (moved > 0) parts.push(`${deliveries(moved)} ${would}moved to dead/`);
  if (queued > 0) parts.push(`${deliveries(queued)} still queued for it`);
  if (isPending)
    parts.push(
      'the running drain was asked to move what is left, and has got no further for 15 s; it does so when it can, or else the next drain does',
    );
  if (belongsTo !== undefined)
    parts.push(`the spool was not changed: it belongs to the hooks file ${belongsTo}`);
  if (isDryRun) parts.push('nothing was changed');
  return parts.join('; ');
}

function renderMeant({ endpoint, hook, registeredFor, isHook }: ProbablyMeant, showUrls: boolean): string {
  if (isHook) return ': that is a hook; give a URL or an endpoint as well';
  const words = [hook, endpoint && renderEndpoint(endpoint, showUrls)].filter(Boolean);
  const question = words.length === 0 ? '' : ` (did you mean ${words.join(' and ')}?)`;
  return registeredFor === undefined
    ? question
    : `${question}; it is registered for ${registeredFor.join(', ')}`;
}

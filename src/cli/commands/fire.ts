import { maxBatchBytes, maxPayloadBytes } from '../../event/payload.js';
import { looksLikeUrl } from '../../event/webhook-url.js';
import { fire, fireBatch, type Target } from '../../library/fire.js';
import { CapnhookError } from '../../shared/errors.js';
import { payloadOfFields, readsInputFor } from '../fields.js';
import type { Io } from '../io/io.js';
import { readPayload } from '../io/read-payload.js';
import type { Globals } from '../options.js';
import { renderJson } from '../render/json.js';

/** The arguments of `fire`. */
export interface FireArguments {
  positionals: readonly string[];
  data?: string | undefined;
  to?: readonly string[] | undefined;
  ndjson?: string | undefined;
  /** Typed fields, each `name=value`. */
  field?: readonly string[] | undefined;
  /** Fields whose values are strings. */
  'raw-field'?: readonly string[] | undefined;
  id?: string | undefined;
  'print-id'?: boolean | undefined;
  'require-hook'?: boolean | undefined;
}

/**
 * `capnhook fire`: queues an event, and prints its id on a terminal, as JSON, or with `--print-id`.
 * @throws CapnhookError `USAGE`, `NO_INPUT`, `PERMISSION` for the payload's file, or as the library's `fire`
 */
export async function runFire(
  args: FireArguments,
  globals: Globals,
  io: Io,
  requireHook?: RequireHook,
): Promise<number> {
  const plan = planFire(args);
  if (args['require-hook'] && plan.to === undefined && plan.hook !== undefined && !looksLikeUrl(plan.hook))
    await requireHook?.(plan.hook, { config: globals.config, env: io.env });
  if (plan.to?.includes('-') && readsInput(plan.file, args)) {
    throw usage('standard input cannot be both the URLs and the payload', 'Put one of them into a file.');
  }
  const target = plan.to === undefined ? (plan.hook ?? '') : readUrls(plan.to, io);
  const hook = plan.to === undefined ? undefined : plan.hook;
  const options = { spool: globals.spool, env: io.env, id: args.id, hook };
  const fired = await fireAll(target, { args, file: plan.file, options, io });
  if (globals.json) io.out(renderJson(fired));
  else if (args['print-id'] || (!globals.quiet && io.isTerminal('out'))) io.out(`${fired.id}\n`);
  if (globals.verbose)
    io.err(`capnhook: queued ${fired.id}${fired.events > 1 ? ` (${fired.events} events)` : ''}\n`);
  return 0;
}

/** Rejects if no endpoint is registered for the hook. Passed in, because it loads modules that an ordinary `fire` must not load. */
type RequireHook = (hook: string, options: { config: string | undefined; env: Io['env'] }) => Promise<void>;

interface Plan {
  hook?: string;
  to?: readonly string[];
  /** The payload's file, or `-`. */
  file?: string;
}

/** Assigns the positional arguments. Pure. @throws CapnhookError `USAGE` */
export function planFire(args: FireArguments): Plan {
  const { positionals, data, to, ndjson } = args;
  const hasFields = args.field !== undefined || args['raw-field'] !== undefined;
  if (data === '@') {
    throw usage(
      'there is no file name after @',
      'Name the file: -d @payload.json, or -d @- for standard input.',
    );
  }
  if (data !== undefined && ndjson !== undefined) {
    throw usage(
      '--data and --ndjson cannot be combined',
      'The payload comes from one place: leave one of them out.',
    );
  }
  if (hasFields && (data !== undefined || ndjson !== undefined)) {
    throw usage(
      `fields and --${data === undefined ? 'ndjson' : 'data'} cannot be combined`,
      'The payload comes from one place: leave one of them out.',
    );
  }
  const inline = data !== undefined || ndjson !== undefined || hasFields;
  const rest = [...positionals];
  // With --to, the hook's name may be left out.
  const file = !inline && rest.length > (to === undefined ? 1 : 0) ? rest.pop() : undefined;
  const hook = rest.shift();
  if (rest.length > 0) throw tooMany(inline, hasFields);
  if (to === undefined && hook === undefined)
    throw usage('no hook and no URL is given', 'capnhook fire complete payload.json');
  if (!inline && file === undefined) {
    throw usage('there is no payload', 'Name a file, - for standard input, or give it with -d \'{"id":1}\'.');
  }
  return { hook, to, file };
}

function tooMany(inline: boolean, hasFields: boolean): CapnhookError {
  return inline
    ? usage(
        `there are two payloads: a file, and ${hasFields ? 'fields' : '--data or --ndjson'}`,
        'Leave one of them out.',
      )
    : usage(
        'there are too many arguments',
        'Quote an argument with spaces in it; several URLs go with --to each.',
      );
}

function usage(message: string, hint: string): CapnhookError {
  return new CapnhookError('USAGE', `Cannot fire: ${message}`, { hint });
}

/** Whether the payload comes from standard input. */
function readsInput(file: string | undefined, { data, ndjson, field }: FireArguments): boolean {
  return file === '-' || ndjson === '-' || data === '@-' || (field !== undefined && readsInputFor(field));
}

interface Work {
  args: FireArguments;
  file: string | undefined;
  options: Parameters<typeof fire>[2];
  io: Io;
}

function fireAll(target: Target, { args, file, options, io }: Work): ReturnType<typeof fire> {
  if (args.ndjson !== undefined)
    return fireBatch(target, readPayload(args.ndjson, maxBatchBytes, io), options);
  if (args.field !== undefined || args['raw-field'] !== undefined)
    return fire(target, payloadOfFields(args['raw-field'] ?? [], args.field ?? [], io), options);
  const named = args.data?.startsWith('@') ? args.data.slice(1) : file; // as in curl; no JSON begins with @
  if (named !== undefined) return fire(target, readPayload(named, maxPayloadBytes, io), options);
  return fire(target, Buffer.from(args.data ?? ''), options);
}

function readUrls(to: readonly string[], io: Io): readonly string[] {
  const urls = to.flatMap((each) => (each === '-' ? linesOf(readPayload('-', maxPayloadBytes, io)) : [each]));
  if (urls.length > 0) return urls;
  throw new CapnhookError('BAD_PAYLOAD', 'Cannot fire: there is no URL on standard input', {
    hint: 'The command that should have written it may have failed. Nothing was queued.',
  });
}

function linesOf(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

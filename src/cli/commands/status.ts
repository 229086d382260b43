import { pathOf } from '../../config/paths.js';
import { type CheckLimits, type StatusHead, type StatusOptions, status } from '../../library/status.js';
import { writeMetrics } from '../../library/write-metrics.js';
import { parseDuration } from '../../shared/duration.js';
import { CapnhookError } from '../../shared/errors.js';
import { checkStatus } from '../../usecases/inspect/status/check.js';
import type { Io } from '../io/io.js';
import type { Globals } from '../options.js';
import { checkCode, renderCheck } from '../render/check.js';
import { globalsText } from '../render/globals-text.js';
import { renderJson } from '../render/json.js';
import { type RenderStatusOptions, renderHead, renderRest } from '../render/status.js';
import { createStyle } from '../render/style.js';
import { watch } from '../watch.js';

/** The arguments of `status`. */
export interface StatusArguments {
  endpoint?: string | undefined;
  watch?: boolean | undefined;
  check?: boolean | undefined;
  'max-age'?: string | undefined;
  'max-queued'?: string | undefined;
  'max-dead'?: string | undefined;
  'require-drain'?: boolean | undefined;
  prometheus?: string | undefined;
}

/** Options that belong to `--check`. */
const ofCheck = ['max-age', 'max-queued', 'max-dead', 'require-drain'] as const;

/**
 * `capnhook status [ENDPOINT]`. With `--check` the exit code is 0, 1, 2 or 3, and a failure of its own is 3.
 * @throws CapnhookError `USAGE`; as the library's `status`
 */
export async function runStatus(args: StatusArguments, globals: Globals, io: Io): Promise<number> {
  checkCombination(args, globals, io);
  const { spool, config, showUrls } = globals;
  const options = { endpoint: args.endpoint, spool, config, showUrls, env: io.env };
  if (args.check) return runCheck(args, options, io);
  if (args.prometheus !== undefined) {
    await writeMetrics(fileOf(args.prometheus), await status(options));
    return 0;
  }
  if (globals.json) {
    const look = async (): Promise<string> => renderJson(await status(options));
    if (args.watch) return watch(io, { look });
    io.print(await look());
    return 0;
  }
  const rendering = await createRendering(globals, io);
  if (args.watch) {
    const look = async (): Promise<string> => {
      const found = await status(options);
      return renderHead(found, rendering()) + renderRest(found, rendering());
    };
    return watch(io, { look });
  }
  const onHead = (head: StatusHead): void => void io.print(renderHead(head, rendering()));
  io.print(renderRest(await status({ ...options, onHead }), rendering()));
  return 0;
}

/** @throws CapnhookError `USAGE` for options that mean nothing together */
function checkCombination(args: StatusArguments, { json }: Globals, io: Io): void {
  if (args.watch && (args.check || args.prometheus !== undefined))
    throw new CapnhookError('USAGE', 'Cannot watch: --watch cannot be combined with --check or --prometheus');
  if (args.watch && !json && !io.isTerminal('out'))
    throw new CapnhookError('USAGE', 'Cannot watch: standard output is not a terminal', {
      hint: 'With --json it prints a line each time.',
    });
  const stray = args.check ? undefined : ofCheck.find((name) => args[name] !== undefined);
  if (stray !== undefined)
    throw new CapnhookError('USAGE', `Cannot show the status: --${stray} belongs to --check`);
}

/** Makes the function that says how to render now: a terminal may change its size. */
async function createRendering(globals: Globals, io: Io): Promise<() => RenderStatusOptions> {
  const style = await createStyle(globals.color && io.isTerminal('out'));
  const words = globalsText(globals);
  return () => ({ style, width: io.terminalSize()?.columns, globals: words });
}

async function runCheck(args: StatusArguments, options: StatusOptions, io: Io): Promise<number> {
  const limits = limitsOf(args);
  const found = await status(options);
  if (args.prometheus !== undefined) await writeMetrics(fileOf(args.prometheus), found);
  const checked = checkStatus(found, limits);
  io.print(renderCheck(checked));
  return checkCode(checked.level);
}

function fileOf(text: string): string {
  return pathOf('--prometheus', text) ?? text;
}

function limitsOf(args: StatusArguments): CheckLimits {
  const maxAge = args['max-age'];
  const maxAgeMs = maxAge === undefined ? undefined : parseDuration(maxAge);
  if (maxAge !== undefined && maxAgeMs === undefined)
    throw badValue('max-age', maxAge, 'a duration, such as 90s, 15m or 2h');
  return {
    maxAgeMs,
    maxQueued: numberOf('max-queued', args['max-queued']),
    maxDead: numberOf('max-dead', args['max-dead']),
    requireDrain: args['require-drain'],
  };
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badValue(option, text, 'a whole number');
}

function badValue(option: string, text: string, what: string): CapnhookError {
  const given = JSON.stringify(text.slice(0, 40));
  return new CapnhookError('USAGE', `Cannot check: --${option} needs ${what}, not ${given}`);
}

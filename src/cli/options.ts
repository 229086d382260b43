/**
 * The options that are needed before anything else is loaded: described once,
 * read by `util.parseArgs` on the fast lane and by commander for all else.
 */
import type { Environment } from '../config/paths.js';

/** One option: the part that `util.parseArgs` reads, and what the help says. */
export interface OptionSpec {
  type: 'string' | 'boolean';
  short?: string;
  multiple?: boolean;
  /** What its value is called in the help. */
  value?: string;
  help: string;
}

/** A command's options by long name. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export const globalOptions: OptionSpecs = {
  config: { type: 'string', short: 'c', value: 'FILE', help: 'the hooks file' },
  spool: { type: 'string', value: 'DIR', help: 'the spool' },
  json: { type: 'boolean', help: 'print data as JSON' },
  quiet: { type: 'boolean', short: 'q', help: 'print nothing but errors' },
  verbose: { type: 'boolean', short: 'v', help: 'tell every step on standard error' },
  'no-color': { type: 'boolean', help: 'print without colours' },
  'show-urls': { type: 'boolean', help: 'print URLs whole; they may be secrets' },
};

export const fireOptions: OptionSpecs = {
  data: {
    type: 'string',
    short: 'd',
    value: 'JSON',
    help: 'the payload itself; @FILE reads it from a file, @- from standard input',
  },
  to: {
    type: 'string',
    multiple: true,
    value: 'URL',
    help: 'send to this URL instead of those registered; may be repeated; - reads one URL a line from standard input',
  },
  ndjson: {
    type: 'string',
    value: 'FILE',
    help: 'one payload a line, accepted all or nothing; - is standard input',
  },
  id: { type: 'string', value: 'ID', help: "the event's id; made up by default" },
  'require-hook': { type: 'boolean', help: 'queue nothing if nobody is registered for the hook' },
  'print-id': { type: 'boolean', help: "print the event's id, also where standard output is not a terminal" },
};

export const drainOptions: OptionSpecs = {
  adopt: { type: 'boolean', help: 'take over a spool that belongs to another hooks file' },
  daemon: { type: 'boolean', help: 'stay, and send what is fired at once' },
  wait: { type: 'string', value: 'DURATION', help: 'go on until nothing is left, or so long' },
  grace: {
    type: 'string',
    value: 'DURATION',
    help: 'how long attempts may go on after a signal (default: 10s)',
  },
};

/** An option that takes one value: given twice, the first value would be lost. */
export function takesOneValue(spec: OptionSpec | undefined): boolean {
  return spec?.type === 'string' && spec.multiple !== true;
}

/** What every command is told. */
export interface Globals {
  config?: string | undefined;
  spool?: string | undefined;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  color: boolean;
  showUrls: boolean;
}

/** The global options: a flag wins over its `CAPNHOOK_` variable. */
export function globalsFrom(values: Readonly<Record<string, unknown>>, env: Environment): Globals {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const isOn = (name: string, variable: string): boolean => values[name] === true || isSet(env[variable]);
  return {
    config: text('config'),
    spool: text('spool'),
    json: isOn('json', 'CAPNHOOK_JSON'),
    quiet: isOn('quiet', 'CAPNHOOK_QUIET'),
    verbose: isOn('verbose', 'CAPNHOOK_VERBOSE'),
    color: !isOn('no-color', 'CAPNHOOK_NO_COLOR') && !isSet(env.NO_COLOR),
    showUrls: isOn('show-urls', 'CAPNHOOK_SHOW_URLS'),
  };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}

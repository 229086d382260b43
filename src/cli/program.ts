/** Builds commander's command tree from the tables. */
import { Command, Option } from 'commander';
import { CapnhookError, type ErrorData } from '../shared/errors.js';
import { exitCodes } from '../shared/exit-codes.js';
import { packageVersion } from '../shared/machine/package-info.js';
import { mayBeUrl } from '../shared/shown.js';
import type { Call, CommandSpec } from './command-spec.js';
import { commands } from './command-table.js';
import type { Io } from './io/io.js';
import {
  asksForJson,
  globalOptions,
  globalsFrom,
  isCheck,
  type OptionSpecs,
  takesOneValue,
} from './options.js';
import { renderJson } from './render/json.js';
import { hideUrls } from './render/text.js';

const introduction = `Webhooks from scripts: fire an event, and it is on disk; drain sends it until every receiver has it.

  capnhook register complete https://example.com/in    who is to be told
  capnhook fire complete payload.json                  something has happened
  capnhook drain                                       tell them (from cron, or: capnhook start)

All commands: capnhook --help
`;

/** Minimum length of a URL without its scheme: a host and a path. */
const SHORTEST_URL = 4;

/** Parses the arguments and runs the command; resolves to its exit code. */
export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  if (argv.length === 0) {
    io.out(introduction);
    return exitCodes.ok;
  }
  let exitCode: number = exitCodes.ok;
  const program = createProgram(argv, io, async (spec, call) => {
    exitCode = await spec.run(call);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!isCommanderError(error)) throw error;
    if (error.exitCode === 0) return exitCodes.ok;
    if (isCheck(argv)) throw new CapnhookError('USAGE', usageData(error, argv).message);
    if (asksForJson(argv, io.env)) io.out(renderJson({ error: usageData(error, argv) }));
    return exitCodes.usage;
  }
  return exitCode;
}

type Run = (spec: CommandSpec, call: Call) => Promise<void>;

function createProgram(argv: readonly string[], io: Io, run: Run): Command {
  const program = new Command('capnhook')
    .description('Webhooks from scripts: a file spool, no server.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(add --help for all of it)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      // Only a terminal has a width, and `process.stdout` loads many modules.
      getOutHelpWidth: () => (io.isTerminal('out') ? process.stdout.columns : 80),
      getErrHelpWidth: () => (io.isTerminal('err') ? process.stderr.columns : 80),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(`capnhook: ${hideWords(text.replace(/^error: /, ''), argv)}`),
    })
    .exitOverride();
  addOptions(program, globalOptions);
  for (const spec of commands) program.addCommand(createCommand(program, { spec, io, run }), {});
  program.addHelpText(
    'after',
    '\nExamples:\n  $ capnhook register complete https://example.com/in\n  $ capnhook fire complete payload.json',
  );
  return program;
}

function createCommand(
  program: Command,
  { spec, io, run }: { spec: CommandSpec; io: Io; run: Run },
): Command {
  const command = new Command(spec.name)
    .copyInheritedSettings(program)
    .summary(spec.summary)
    .description(sentence(spec.summary));
  for (const [name, help] of spec.positionals) command.argument(name, help);
  addOptions(command, spec.options, { doing: spec.name });
  const notes = spec.notes === undefined ? '' : `\n${spec.notes}\n`;
  command.addHelpText(
    'after',
    `${notes}\nExamples:\n${spec.examples.map((line) => `  $ ${line}`).join('\n')}`,
  );
  command.action(async () => {
    const all = command.optsWithGlobals();
    const options = Object.fromEntries(Object.keys(spec.options).map((name) => [name, all[camelCase(name)]]));
    const globals = globalsFrom(
      { ...all, 'no-color': all.color === false, 'show-urls': all.showUrls },
      io.env,
    );
    await run(spec, { positionals: command.args, options: options as Call['options'], globals, io });
  });
  return command;
}

/** Commander's name for an option: `printId` for `print-id`. */
function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** @param options.doing the command that the options belong to; each of its values may be given once */
function addOptions(command: Command, specs: OptionSpecs, { doing }: { doing?: string } = {}): void {
  for (const [name, spec] of Object.entries(specs)) {
    const { short, value, help, multiple } = spec;
    const flags = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
    const option = new Option(flags, help);
    if (multiple) option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
    else if (doing !== undefined && takesOneValue(spec)) option.argParser(once(doing, name));
    command.addOption(option);
  }
}

function once(doing: string, name: string): (text: string, before: string | undefined) => string {
  return (text, before) => {
    if (before === undefined) return text;
    throw new CapnhookError('USAGE', `Cannot ${doing}: --${name} is given twice`, {
      hint: 'It has one value: leave one of them out.',
    });
  };
}

/** A mistake in the options or arguments as data; commander has said it on standard error. */
function usageData({ code, message }: { code: string; message: string }, argv: readonly string[]): ErrorData {
  const words = code === 'commander.help' ? 'no command is given' : message.replace(/^error: /, '');
  return { code: 'USAGE', message: hideWords(words, argv), hint: 'Add --help for all of it.' };
}

/** Hides misplaced arguments that may be URLs without a scheme. */
function hideWords(text: string, argv: readonly string[]): string {
  const words = argv.filter(
    (word) => word.length >= SHORTEST_URL && mayBeUrl(word) && !/^https?:/i.test(word),
  );
  return words.reduce((hidden, word) => hidden.replaceAll(word, 'what was given'), hideUrls(text));
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

function isCommanderError(error: unknown): error is { code: string; exitCode: number; message: string } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

/**
 * Where the spool and the hooks file are. Only options may be relative to the working directory. Crontab, systemd and
 * CI services set variables without a shell, so `~`, `$NAME` or a relative path in a variable is a mistake. It would
 * create a second spool that no drain empties.
 */
import { existsSync, lstatSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { CapnhookError, errnoOf } from '../shared/errors.js';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The spool: the given path, `CAPNHOOK_SPOOL`, or `$XDG_STATE_HOME/capnhook/spool` (`~/.local/state/…`).
 * @throws CapnhookError `USAGE` for a path that {@link pathOf} refuses; `SPOOL_CREATE` if there is no home directory
 */
export function spoolPath(env: Environment, asked?: string): string {
  const named = namedSpool(env, asked);
  if (named !== undefined) return named;
  return `${xdgHome(env, { variable: 'XDG_STATE_HOME', below: '.local/state', code: 'SPOOL_CREATE' })}/capnhook/spool`;
}

/**
 * The spool named by an option or `CAPNHOOK_SPOOL`; undefined for the default spool.
 * @throws CapnhookError `USAGE` for a path that {@link pathOf} refuses
 */
export function namedSpool(env: Environment, asked?: string): string | undefined {
  return pathOf('--spool', asked) ?? variablePath('CAPNHOOK_SPOOL', env.CAPNHOOK_SPOOL);
}

/**
 * The hooks file named by an option or `CAPNHOOK_CONFIG`; undefined for the default file.
 * @throws CapnhookError `USAGE` for a path that {@link pathOf} refuses
 */
export function namedHooks(env: Environment, asked?: string): string | undefined {
  return pathOf('--config', asked) ?? variablePath('CAPNHOOK_CONFIG', env.CAPNHOOK_CONFIG);
}

/**
 * The hooks file: the given path, `CAPNHOOK_CONFIG`, `$XDG_CONFIG_HOME/capnhook/hooks.yaml` (`~/.config/…`), or
 * `/etc/capnhook/hooks.yaml` if only that one exists.
 * @throws CapnhookError `USAGE` for a path that {@link pathOf} refuses; `HOOKS_FILE` if there is no home directory
 */
export function hooksPath(env: Environment, asked?: string): string {
  const named = namedHooks(env, asked);
  if (named !== undefined) return named;
  const own = `${xdgHome(env, { variable: 'XDG_CONFIG_HOME', below: '.config', code: 'HOOKS_FILE' })}/capnhook/hooks.yaml`;
  const shared = '/etc/capnhook/hooks.yaml';
  return isMissing(own) && existsSync(shared) ? shared : own;
}

/** A file that cannot be reached, or a dangling link, is not missing. */
function isMissing(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
  }
}

/** Per the XDG Base Directory Specification an empty or relative value is ignored. */
function xdgHome(env: Environment, wanted: XdgDirectory): string {
  const own = env[wanted.variable];
  if (own !== undefined && isAbsolute(own)) return variablePath(wanted.variable, own) as string;
  return `${homeDirectory(env, wanted)}/${wanted.below}`;
}

interface XdgDirectory {
  variable: string;
  /** The default directory, relative to the home directory. */
  below: string;
  /** The error code if there is no home directory. */
  code: 'SPOOL_CREATE' | 'HOOKS_FILE';
}

function homeDirectory(env: Environment, { variable, code }: XdgDirectory): string {
  const home = variablePath('HOME', env.HOME) ?? homeOfUser();
  if (home !== undefined) return home;
  throw new CapnhookError(code, `Cannot tell where your files are: neither HOME nor ${variable} is set`, {
    hint: 'Set HOME, or give both paths with --spool (CAPNHOOK_SPOOL) and --config (CAPNHOOK_CONFIG).',
  });
}

/** The home directory from the user database, for a cron job without HOME. */
function homeOfUser(): string | undefined {
  // Loaded here because fire nearly never needs it.
  const os = process.getBuiltinModule('node:os');
  try {
    return nonEmpty(os.userInfo().homedir);
  } catch {
    return undefined; // a user without an entry, as in a container
  }
}

/**
 * The absolute path of an option; undefined if the option was not given.
 * @param option the option as it is typed, for the message
 * @throws CapnhookError `USAGE` for a path that is empty, has `~` or `$` in it, is not UTF-8, or is relative to a working
 *   directory that was removed
 */
export function pathOf(option: string, asked: string | undefined): string | undefined {
  if (asked === undefined) return undefined;
  if (asked === '') {
    throw new CapnhookError('USAGE', `Cannot use an empty path: ${option} names nothing`, {
      hint: `Leave ${option} out, or check the variable that its path comes from.`,
    });
  }
  checkText(option, asked);
  return absolute(asked);
}

/** The path in a variable; undefined if it is empty. @throws CapnhookError `USAGE` as {@link pathOf}, and for a relative path */
function variablePath(variable: string, value: string | undefined): string | undefined {
  const path = nonEmpty(value);
  if (path === undefined) return undefined;
  checkText(variable, path);
  if (isAbsolute(path)) return resolve(path);
  throw new CapnhookError(
    'USAGE',
    `Cannot use the path ${shownPath(path)} in ${variable}: it does not begin with "/"`,
    { hint: 'It would mean another directory in each working directory. Give the whole path.' },
  );
}

/** Matches what a shell would have expanded; `~` only at the beginning of a name. */
const unexpanded = /\$|(?:^|\/)~/;

/** Node's replacement for bytes of an argument or variable that are not UTF-8. */
const replacement = '\uFFFD';

function checkText(source: string, path: string): void {
  if (path.includes(replacement)) {
    throw new CapnhookError('USAGE', `Cannot use the path in ${source}: it is not UTF-8`, {
      hint: 'Rename the directory so that its name is UTF-8, or name another one.',
    });
  }
  const found = unexpanded.exec(path)?.[0].at(-1);
  if (found === undefined) return;
  throw new CapnhookError(
    'USAGE',
    `Cannot use the path ${shownPath(path)} in ${source}: it has a ${JSON.stringify(found)}, which was not expanded`,
    { hint: 'Crontabs, systemd units and CI files do not expand it. Write the whole path.' },
  );
}

/** Hides a URL that was given by mistake: it may be a secret. */
function shownPath(path: string): string {
  return path.includes('://') ? 'that was given' : JSON.stringify(path);
}

/** @throws CapnhookError `USAGE` if the path is relative to a working directory that was removed */
function absolute(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    throw new CapnhookError('USAGE', `Cannot tell where ${path} is: the working directory was removed`, {
      cause,
      hint: 'Give a path from the root, or change to a directory that is there.',
    });
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

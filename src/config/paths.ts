/** Where the spool and the hooks file are; never dependent on the working directory, unless told so. */
import { existsSync, lstatSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { CapnhookError, errnoOf } from '../shared/errors.js';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The spool: what was asked for, `CAPNHOOK_SPOOL`, or `$XDG_STATE_HOME/capnhook/spool` (`~/.local/state/…`).
 * @throws CapnhookError `USAGE` if an empty path was asked for; `SPOOL_CREATE` if there is no home directory
 */
export function spoolPath(env: Environment, asked?: string): string {
  const named = given(asked, '--spool') ?? nonEmpty(env.CAPNHOOK_SPOOL);
  if (named !== undefined) return absolute(named);
  return `${xdgHome(env, { variable: 'XDG_STATE_HOME', below: '.local/state', code: 'SPOOL_CREATE' })}/capnhook/spool`;
}

/**
 * The hooks file: what was asked for, `CAPNHOOK_CONFIG`, `$XDG_CONFIG_HOME/capnhook/hooks.yaml` (`~/.config/…`),
 * or `/etc/capnhook/hooks.yaml` where only that one is there.
 * @throws CapnhookError `USAGE` if an empty path was asked for; `HOOKS_FILE` if there is no home directory
 */
export function hooksPath(env: Environment, asked?: string): string {
  const named = given(asked, '--config') ?? nonEmpty(env.CAPNHOOK_CONFIG);
  if (named !== undefined) return absolute(named);
  const own = `${xdgHome(env, { variable: 'XDG_CONFIG_HOME', below: '.config', code: 'HOOKS_FILE' })}/capnhook/hooks.yaml`;
  const shared = '/etc/capnhook/hooks.yaml';
  return isMissing(own) && existsSync(shared) ? shared : own;
}

/** What is there and cannot be reached, or is a link that leads nowhere, is not missing. */
function isMissing(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');
  }
}

/** The XDG Base Directory Specification: an empty or relative value counts as none. */
function xdgHome(env: Environment, wanted: XdgDirectory): string {
  const own = env[wanted.variable];
  if (own !== undefined && isAbsolute(own)) return resolve(own);
  return `${homeDirectory(env, wanted)}/${wanted.below}`;
}

interface XdgDirectory {
  variable: string;
  /** Where it is by default, below the home directory. */
  below: string;
  /** What it is if there is no home directory. */
  code: 'SPOOL_CREATE' | 'HOOKS_FILE';
}

function homeDirectory(env: Environment, { variable, code }: XdgDirectory): string {
  const home = nonEmpty(env.HOME) ?? homeOfUser();
  if (home !== undefined) return absolute(home);
  throw new CapnhookError(code, `Cannot tell where your files are: neither HOME nor ${variable} is set`, {
    hint: 'Set HOME, or name the places with --spool (CAPNHOOK_SPOOL) and --config (CAPNHOOK_CONFIG).',
  });
}

/** The home directory that the user database has, for a cron job without HOME. */
function homeOfUser(): string | undefined {
  // Loaded here because fire nearly never needs it.
  const os = process.getBuiltinModule('node:os');
  try {
    return nonEmpty(os.userInfo().homedir);
  } catch {
    return undefined; // a user without an entry, as in a container
  }
}

/** An empty path would be the working directory: surely a variable that was not set. */
function given(asked: string | undefined, option: string): string | undefined {
  if (asked !== '') return asked;
  throw new CapnhookError('USAGE', `Cannot use an empty path: ${option} names nothing`, {
    hint: `Leave ${option} out, or check the variable that its path comes from.`,
  });
}

/** @throws CapnhookError `USAGE` if the path depends on a working directory that somebody has removed */
function absolute(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    throw new CapnhookError('USAGE', `Cannot tell where ${path} is: the working directory is gone`, {
      cause,
      hint: 'Give a path from the root, or change to a directory that is there.',
    });
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

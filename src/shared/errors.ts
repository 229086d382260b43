/**
 * Every failure a user can cause or must act on has one of these codes. The
 * command line turns them into exit codes (`exit-codes.ts`); a library
 * user branches on them.
 */
export type ErrorCode =
  | 'USAGE'
  | 'BAD_PAYLOAD'
  | 'BAD_ARCHIVE'
  | 'NO_INPUT'
  | 'SPOOL_CREATE'
  | 'SPOOL_WRITE'
  | 'TEMPORARY'
  | 'BUSY'
  | 'PERMISSION'
  | 'HOOKS_FILE';

/** What a {@link CapnhookError} may carry beside its message. */
export interface ErrorDetails {
  /** The error that caused this one. */
  cause?: unknown;
  /** What to do next: one sentence, shown on a line of its own. */
  hint?: string | undefined;
  /** Every problem found, where there can be several (in the hooks file). */
  problems?: readonly Problem[];
}

/** One thing that is wrong with a file, and where. Lines and columns count from 1. */
export interface Problem {
  message: string;
  line?: number;
  column?: number;
}

/** An expected failure: a message for a person, and a stable `code` for a program. */
export class CapnhookError extends Error {
  override readonly name = 'CapnhookError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.problems = details.problems ?? [];
  }
}

/** A failure as data, as `--json` prints it. */
export interface ErrorData {
  /** `BUG` for a failure that nobody expected. */
  code: ErrorCode | 'BUG';
  message: string;
  /** What to do next. */
  hint?: string | undefined;
  /** Only where there are any. */
  problems?: readonly Problem[] | undefined;
}

/** An expected failure as data. */
export function errorData({ code, message, hint, problems }: CapnhookError): ErrorData {
  return { code, message, hint, problems: problems.length === 0 ? undefined : problems };
}

/** The `errno` name (`ENOENT`, …) of a failed system call, or undefined for any other value. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (!nameless.test(error.code) || !('errno' in error)) return error.code;
  const all = Object.entries(process.getBuiltinModule('node:os').constants.errno);
  return all.find(([, value]) => value === -Number(error.errno))?.[0] ?? error.code;
}

/** The codes Node gives to system errors that it has no name for, such as EDQUOT. */
const nameless = /^UNKNOWN$|^Unknown system error /;

/** Ignores a failed system call; throws any other error again. Call it where every errno is acceptable. */
export function ignoreErrno(error: unknown): void {
  if (errnoOf(error) === undefined) throw error;
}

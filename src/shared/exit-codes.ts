import type { ErrorCode } from './errors.js';

/** The documented exit codes, after sysexits(3). */
export const exitCodes = {
  ok: 0,
  bug: 1,
  usage: 64,
  badPayload: 65,
  noInput: 66,
  gaveUp: 69,
  cannotCreate: 73,
  cannotWrite: 74,
  temporary: 75,
  permission: 77,
  hooksFile: 78,
  interrupted: 130,
  terminated: 143,
} as const;

const byCode: Record<ErrorCode, number> = {
  USAGE: exitCodes.usage,
  BAD_PAYLOAD: exitCodes.badPayload,
  BAD_ARCHIVE: exitCodes.badPayload,
  NO_INPUT: exitCodes.noInput,
  SPOOL_CREATE: exitCodes.cannotCreate,
  SPOOL_WRITE: exitCodes.cannotWrite,
  TEMPORARY: exitCodes.temporary,
  BUSY: exitCodes.temporary,
  PERMISSION: exitCodes.permission,
  HOOKS_FILE: exitCodes.hooksFile,
};

/** The exit code of an expected failure. */
export function exitCodeOf(code: ErrorCode): number {
  return byCode[code];
}

/** The expected failure that an exit code stands for, if any; 75 is `TEMPORARY`. */
export function errorCodeOf(exitCode: number | null): ErrorCode | undefined {
  return (Object.keys(byCode) as ErrorCode[]).find((code) => byCode[code] === exitCode);
}

/**
 * The system calls that the file spool rests on, as a parameter: so that a
 * test can let any one of them fail, and another disk can stand in.
 */
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';

/** Calls with `node:fs`' own signatures: synchronous, except `fsync`. */
export type Disk = Pick<
  typeof import('node:fs'),
  | 'accessSync'
  | 'chmodSync'
  | 'chownSync'
  | 'closeSync'
  | 'fchmodSync'
  | 'fchownSync'
  | 'fstatSync'
  | 'fsync'
  | 'fsyncSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'opendirSync'
  | 'readSync'
  | 'readdirSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'statSync'
  | 'statfsSync'
  | 'unlinkSync'
  | 'utimesSync'
  | 'writeSync'
>;

/** The machine's own file system. */
export const systemDisk: Disk = {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  opendirSync,
  readSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  statfsSync,
  unlinkSync,
  utimesSync,
  writeSync,
};

/** `open` flags, as open(2) has them. */
export const O_RDONLY: number = constants.O_RDONLY;
export const O_WRONLY: number = constants.O_WRONLY;
export const O_CREAT: number = constants.O_CREAT;
export const O_APPEND: number = constants.O_APPEND;
export const O_EXCL: number = constants.O_EXCL;
export const O_NOFOLLOW: number = constants.O_NOFOLLOW;
export const O_NONBLOCK: number = constants.O_NONBLOCK;
export const O_DIRECTORY: number = constants.O_DIRECTORY;

/** What access(2) asks for. */
export const W_OK: number = constants.W_OK;
export const X_OK: number = constants.X_OK;

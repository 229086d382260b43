/**
 * Where secrets are looked up: given text, environment variables, files and
 * systemd credentials. A reader reads each of them once. No message about a
 * secret contains it.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '../../endpoint/endpoint.js';
import { errnoOf } from '../../shared/errors.js';

/** A secret's text, or why there is none: a clause that names the reference. */
export type SecretText = { ok: true; text: string } | { ok: false; reason: string };

/** Looks up secrets. */
export interface SecretReader {
  read(secret: Secret): SecretText;
  /** Forgets a text that cannot be used: the next `read` looks it up again. */
  forget(secret: Secret): void;
}

/** The largest file a secret may be in, in bytes. */
const MAX_BYTES = 65_536;

/**
 * Makes a reader. Texts are kept; failures are not, so that a file which is
 * put right is found.
 *
 * A file must be a regular one of at most 64 KiB of UTF-8; one line break at
 * its end is not part of the secret. A credential is a file's name in
 * `$CREDENTIALS_DIRECTORY` (systemd.exec(5), `LoadCredential=`).
 *
 * @param options.env the environment, as `process.env`
 */
export function createSecretReader({ env }: { env: NodeJS.ProcessEnv }): SecretReader {
  const known = new Map<string, SecretText>();
  /** The same by reference: it is asked for with every attempt. */
  const found = new WeakMap<Secret, SecretText>();

  function find(secret: Secret): SecretText {
    if ('value' in secret) return { ok: true, text: secret.value };
    const name = nameOfSecret(secret);
    const text = known.get(name) ?? lookUp(secret, env);
    if (text.ok) known.set(name, text);
    return text;
  }

  return {
    read(secret) {
      const before = found.get(secret);
      if (before !== undefined) return before;
      const text = find(secret);
      if (text.ok) found.set(secret, text);
      return text;
    },
    forget(secret) {
      found.delete(secret);
      if (!('value' in secret)) known.delete(nameOfSecret(secret));
    },
  };
}

/** Names a reference for a person: `environment variable AUDIT_SECRET`. */
export function nameOfSecret(secret: Secret): string {
  if ('env' in secret) return `environment variable ${secret.env}`;
  if ('file' in secret) return `file ${secret.file}`;
  if ('credential' in secret) return `credential ${secret.credential}`;
  return 'the given text';
}

function lookUp(secret: Exclude<Secret, { readonly value: string }>, env: NodeJS.ProcessEnv): SecretText {
  const name = nameOfSecret(secret);
  if ('file' in secret) return readSecretFile(secret.file, name);
  if ('credential' in secret) return readCredential(secret.credential, env);
  // `constructor` is a name that every object knows.
  const text = Object.hasOwn(env, secret.env) ? env[secret.env] : undefined;
  if (text === undefined) return refuse(`${name} is not set`);
  return text === '' ? refuse(`${name} is empty`) : { ok: true, text };
}

function readCredential(credential: string, env: NodeJS.ProcessEnv): SecretText {
  const name = nameOfSecret({ credential });
  const directory = env.CREDENTIALS_DIRECTORY;
  if (!directory) {
    return refuse(
      `${name} is not there: CREDENTIALS_DIRECTORY is not set (systemd sets it for LoadCredential=)`,
    );
  }
  if (/^\.{0,2}$|[/\\\0]/.test(credential)) return refuse(`${name} is not a file's name`);
  return readSecretFile(join(directory, credential), name);
}

function readSecretFile(path: string, name: string): SecretText {
  try {
    const bytes = readSmallFile(path);
    if (typeof bytes === 'string') return refuse(`${name} ${bytes}`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
    return text === '' ? refuse(`${name} is empty`) : { ok: true, text };
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return refuse(`${name} is not UTF-8 text`);
    return refuse(
      code === 'ENOENT' ? `${name} is not there` : `${name} cannot be read (${code ?? 'unknown error'})`,
    );
  }
}

/** The file's bytes, or why it cannot be read. */
function readSmallFile(path: string): Buffer | string {
  // Opening a FIFO would wait for a writer, without O_NONBLOCK.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(fd).isFile()) return 'is not a regular file';
    const bytes = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= MAX_BYTES; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, null);
    }
    return length > MAX_BYTES ? 'is larger than 64 KiB' : bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function refuse(reason: string): SecretText {
  return { ok: false, reason };
}

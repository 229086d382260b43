/**
 * The certificate authorities that this machine trusts beside Node's own. They
 * are read when a certificate's authority is unknown to Node: receivers with a
 * public certificate cost nothing, and a store that was updated is read again.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { errnoOf, ignoreErrno } from '../../shared/errors.js';
import type { ConnectionKey } from './destination.js';

/** Where systems keep them in one file, as Go's crypto/x509 lists them. */
const bundleFiles: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Arch, Alpine
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL
  '/etc/ssl/ca-bundle.pem', // openSUSE
  '/etc/pki/tls/cacert.pem', // OpenELEC
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // RHEL
  '/etc/ssl/cert.pem', // Alpine, macOS, OpenBSD
  '/usr/local/etc/ssl/cert.pem', // FreeBSD
];

/** Directories with one file for each of them, where there is no such file. */
const bundleDirectories: readonly string[] = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

const certificate = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** Errors of a certificate that another authority might vouch for. */
const unknownAuthority: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Authorities to check a certificate with; `undefined` stands for Node's own. */
export interface Authorities {
  context: SecureContext | undefined;
}

export interface SystemTrust {
  /** The authorities to connect with. */
  authoritiesFor(key: ConnectionKey): Authorities;
  /** The authorities to try next where a certificate was refused; undefined if others would not change that. */
  othersFor(refused: Authorities & { error: unknown }): Authorities | undefined;
  /** Notes the authorities that have vouched for the other side. */
  note(key: ConnectionKey, authorities: Authorities): void;
}

export interface SystemTrustOptions {
  /** `SSL_CERT_FILE` and `SSL_CERT_DIR` are read from it, as OpenSSL does. */
  env: Readonly<Record<string, string | undefined>>;
  /** Files that are looked for; for tests. */
  files?: readonly string[];
  directories?: readonly string[];
}

/** Makes the trust of one sender. Nothing is read yet. */
export function createSystemTrust(options: SystemTrustOptions): SystemTrust {
  /** Keys of connections whose authority only the system knows. */
  const known = new Set<ConnectionKey>();
  let loaded: { stamp: string; context: SecureContext | undefined } | undefined;

  function load(): SecureContext | undefined {
    const paths = storePaths(options);
    const stamp = paths.map(stampOf).join();
    if (loaded?.stamp !== stamp) loaded = { stamp, context: contextOf(paths) };
    return loaded.context;
  }

  return {
    authoritiesFor: (key) => ({ context: known.has(key) ? loaded?.context : undefined }),
    othersFor({ error, context }) {
      if (!unknownAuthority.has(errnoOf(error) ?? '')) return undefined;
      const system = load();
      if (system !== undefined && system !== context) return { context: system };
      return context === undefined ? undefined : { context: undefined };
    },
    note(key, { context }) {
      if (context === undefined) known.delete(key);
      else known.add(key);
    },
  };
}

/** The files to read; empty where the system has none. */
function storePaths({
  env,
  files = bundleFiles,
  directories = bundleDirectories,
}: SystemTrustOptions): string[] {
  const file = env.SSL_CERT_FILE || files.find(isFile);
  const paths = file === undefined ? [] : [file];
  const given = env.SSL_CERT_DIR?.split(delimiter).filter(Boolean);
  for (const directory of given ?? (file === undefined ? directories : [])) paths.push(...filesIn(directory));
  return paths;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function filesIn(directory: string): string[] {
  try {
    const paths = readdirSync(directory).map((name) => join(directory, name));
    return paths.sort().filter(isFile);
  } catch (error) {
    ignoreErrno(error); // a store that is not there adds nothing
    return [];
  }
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? `${path} missing` : `${path} ${stat.mtimeMs} ${stat.size}`;
}

function contextOf(paths: readonly string[]): SecureContext | undefined {
  const authorities = [...new Set(paths.flatMap(certificatesIn))];
  if (process.platform === 'darwin') authorities.push(...keychain());
  if (authorities.length === 0) return undefined;
  return createSecureContext({ ca: authorities });
}

function certificatesIn(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').match(certificate) ?? [];
  } catch (error) {
    ignoreErrno(error); // it cannot be read: what it would add is not trusted
    return [];
  }
}

/** macOS keeps what an administrator adds in its keychain, which Node reads from 22.15 on. */
function keychain(): string[] {
  const tls: object = process.getBuiltinModule('node:tls');
  if (!('getCACertificates' in tls) || typeof tls.getCACertificates !== 'function') return [];
  return tls.getCACertificates('system') as string[];
}

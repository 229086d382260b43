import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSecretReader, nameOfSecret } from '../../../src/delivery/request/secrets.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'capnhook-secrets-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const refused = (reason: string) => ({ ok: false, reason });

describe('createSecretReader()', () => {
  test('createSecretReader() gives text as it is, an empty one too', () => {
    const reader = createSecretReader({ env: {} });
    expect(reader.read({ value: 'a\n' })).toEqual({ ok: true, text: 'a\n' });
    expect(reader.read({ value: '' })).toEqual({ ok: true, text: '' });
  });

  test('createSecretReader() looks up environment variables', () => {
    const reader = createSecretReader({ env: { TOKEN: 's3cret', EMPTY: '' } });
    expect(reader.read({ env: 'TOKEN' })).toEqual({ ok: true, text: 's3cret' });
    expect(reader.read({ env: 'AUDIT_SECRET' })).toEqual(
      refused('environment variable AUDIT_SECRET is not set'),
    );
    expect(reader.read({ env: 'EMPTY' })).toEqual(refused('environment variable EMPTY is empty'));
  });

  test.each(['constructor', '__proto__', 'toString'])(
    'createSecretReader() does not take %s for a variable',
    (env) => {
      expect(createSecretReader({ env: process.env }).read({ env })).toEqual(
        refused(`environment variable ${env} is not set`),
      );
    },
  );

  test.each([
    ['s3cret', 's3cret'],
    ['s3cret\n', 's3cret'],
    ['s3cret\r\n', 's3cret'],
    ['s3cret\n\n', 's3cret\n'],
    [' two words ', ' two words '],
    ['\ufeffs3cret', 's3cret'],
    ['gr\u00fc\u00dfe', 'gr\u00fc\u00dfe'],
    ['x'.repeat(65_536), 'x'.repeat(65_536)],
  ])('createSecretReader() reads a file', (content, text) => {
    const file = write('secret', content);
    expect(createSecretReader({ env: {} }).read({ file })).toEqual({ ok: true, text });
  });

  test.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['x'.repeat(65_537), 'is larger than 64 KiB'],
    [Uint8Array.of(0x61, 0xff), 'is not UTF-8 text'],
  ])('createSecretReader() refuses a file', (content, reason) => {
    const file = write('secret', content);
    expect(createSecretReader({ env: {} }).read({ file })).toEqual(refused(`file ${file} ${reason}`));
  });

  test('createSecretReader() refuses what is not a regular file, without waiting for it', () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = createSecretReader({ env: {} });
    for (const file of [fifo, directory, '/dev/zero']) {
      expect(reader.read({ file })).toEqual(refused(`file ${file} is not a regular file`));
    }
  });

  test('createSecretReader() names a file that is not there, or cannot be read', () => {
    const reader = createSecretReader({ env: {} });
    const file = join(directory, 'none');
    expect(reader.read({ file })).toEqual(refused(`file ${file} is not there`));
    const below = join(write('plain', 'x'), 'below');
    expect(reader.read({ file: below })).toEqual(refused(`file ${below} cannot be read (ENOTDIR)`));
  });

  test.skipIf(process.getuid?.() === 0)('createSecretReader() names a file it may not read', () => {
    const file = write('locked', 's3cret');
    chmodSync(file, 0o000);
    expect(createSecretReader({ env: {} }).read({ file })).toEqual(
      refused(`file ${file} cannot be read (EACCES)`),
    );
  });

  test('createSecretReader() finds a credential in $CREDENTIALS_DIRECTORY', () => {
    write('audit', 's3cret\n');
    const reader = createSecretReader({ env: { CREDENTIALS_DIRECTORY: directory } });
    expect(reader.read({ credential: 'audit' })).toEqual({ ok: true, text: 's3cret' });
    expect(reader.read({ credential: 'other' })).toEqual(refused('credential other is not there'));
  });

  test.each(['', '.', '..', 'a/b', '../audit', '/etc/passwd', 'a\\b', 'a\0b'])(
    'createSecretReader() does not take the credential %j out of its directory',
    (credential) => {
      mkdirSync(join(directory, 'inner'));
      write('audit', 's3cret');
      const reader = createSecretReader({ env: { CREDENTIALS_DIRECTORY: join(directory, 'inner') } });
      expect(reader.read({ credential })).toEqual(refused(`credential ${credential} is not a file's name`));
    },
  );

  test('createSecretReader() says that systemd gave no credentials', () => {
    expect(createSecretReader({ env: {} }).read({ credential: 'audit' })).toEqual(
      refused(
        'credential audit is not there: CREDENTIALS_DIRECTORY is not set (systemd sets it for LoadCredential=)',
      ),
    );
  });

  test('createSecretReader() keeps what it has read, and another reader reads again', () => {
    const file = write('secret', 'old');
    const env: NodeJS.ProcessEnv = { TOKEN: 'old' };
    const reader = createSecretReader({ env });
    const readBoth = (from: typeof reader) => [from.read({ file }), from.read({ env: 'TOKEN' })];
    const before = readBoth(reader);
    write('secret', 'new');
    env.TOKEN = 'new';
    expect(readBoth(reader)).toEqual(before);
    expect(readBoth(createSecretReader({ env }))).toEqual([
      { ok: true, text: 'new' },
      { ok: true, text: 'new' },
    ]);
  });

  test('createSecretReader() finds a file that was not there at first', () => {
    const reader = createSecretReader({ env: {} });
    const file = join(directory, 'late');
    expect(reader.read({ file }).ok).toBe(false);
    write('late', 's3cret');
    expect(reader.read({ file })).toEqual({ ok: true, text: 's3cret' });
  });
});

describe('nameOfSecret()', () => {
  test('nameOfSecret() names a reference, and never a text', () => {
    expect(nameOfSecret({ env: 'A' })).toBe('environment variable A');
    expect(nameOfSecret({ file: '/a' })).toBe('file /a');
    expect(nameOfSecret({ credential: 'a' })).toBe('credential a');
    expect(nameOfSecret({ value: 's3cret' })).toBe('the given text');
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { comesFirst, createHostsFile, parseHosts } from '../../../src/delivery/connect/hosts-file.js';
import { tempDir } from '../../support/temp.js';

test('parseHosts() maps every name of a line, whatever its case, and passes over what it does not understand', () => {
  const text =
    '# comment\n127.0.0.1\tlocalhost Panda  # dog\n::1 localhost\nnonsense a\n\n192.0.2.1 panda\r\n';
  expect(Object.fromEntries(parseHosts(text))).toEqual({
    localhost: ['127.0.0.1', '::1'],
    panda: ['127.0.0.1', '192.0.2.1'],
  });
});

test.each([
  ['hosts: files dns', true],
  ['passwd: files\n  hosts:\tfiles mymachines dns # x', true],
  ['passwd: files', true],
  ['hosts: dns files', false],
  ['hosts: resolve [!UNAVAIL=return] files', false],
  ['hosts: files [SUCCESS=merge] dns', false],
])('comesFirst() of %j is %s', (text, expected) => {
  expect(comesFirst(text)).toBe(expected);
});

describe('createHostsFile()', () => {
  test('createHostsFile() follows a change of the file, and leaves names to the system where it is not asked first', () => {
    const directory = tempDir();
    const [hosts, nsswitch] = [join(directory, 'hosts'), join(directory, 'nsswitch.conf')];
    const file = createHostsFile({ hosts, nsswitch });
    expect(file.addressesOf('panda')).toEqual([]);
    writeFileSync(hosts, '192.0.2.1 panda\n');
    expect(file.addressesOf('PANDA')).toEqual(['192.0.2.1']);
    writeFileSync(hosts, '192.0.2.10 panda\n');
    expect(file.addressesOf('panda')).toEqual(['192.0.2.10']);
    writeFileSync(nsswitch, 'hosts: dns files\n');
    expect(file.addressesOf('panda')).toEqual([]);
  });
});

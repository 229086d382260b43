import { type ImageOptions, imageNeeds } from './mounts.js';
import { testWith } from './test-with.js';

/** Of each kind the log is flushed by itself so seldom that only fsync does it. */
export const kinds: Readonly<Record<string, ImageOptions>> = {
  ext4: { megabytes: 200, mkfs: 'mkfs.ext4 -q -F', options: 'commit=300' },
  xfs: { megabytes: 300, mkfs: 'mkfs.xfs -q -f' },
};

/** Tests of power cuts on one kind of file system; the controls need strace as well. */
export function powerCutTests(kind: string): { testHere: TestHere; testControl: TestHere } {
  const commands = [...imageNeeds.commands, 'xfs_io', `mkfs.${kind}`];
  return {
    testHere: testWith({ ...imageNeeds, commands }),
    testControl: testWith({ ...imageNeeds, commands: [...commands, 'strace'] }),
  };
}

type TestHere = ReturnType<typeof testWith>;

/** nullmailer's queue in a directory of its own: what a script that mails a report waits for. */

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { findCommand } from './commands.mjs';
import { cleanEnv } from './env.mjs';
import { payload } from './events.mjs';

/** @returns {{ command: string[], env: object, input: string }} what puts a mail of 1 KB into the queue */
export function startMailQueue(bench) {
  const root = `${bench.directory}/nullmailer`;
  for (const name of ['conf', 'sbin', 'queue/queue', 'queue/tmp'])
    mkdirSync(`${root}/${name}`, { recursive: true });
  // The installed one is setuid, and therefore takes no other directory than the machine's.
  const queuer = `${root}/sbin/nullmailer-queue`;
  copyFileSync(findCommand('nullmailer-queue'), queuer);
  chmodSync(queuer, 0o755);
  writeFileSync(`${root}/conf/me`, 'bench.example\n');
  execFileSync('mkfifo', [`${root}/queue/trigger`]);
  return {
    command: [findCommand('nullmailer-inject')],
    env: cleanEnv({ NULLMAILER_TEST_PREFIX: root }),
    input: `From: jed@bench.example\nTo: panda@bench.example\nSubject: complete\n\n${payload(0)}\n`,
  };
}

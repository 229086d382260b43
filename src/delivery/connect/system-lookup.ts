/**
 * Asks the system for a name's addresses, with all that `/etc/nsswitch.conf`
 * and `/etc/resolv.conf` say (search domains, mDNS, LDAP). Node can do that in
 * a thread only, and neither the look-up nor the end of the process is possible
 * before the thread comes back. So a child does it, which can be killed:
 * `getent`, or another Node on systems without it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../shared/errors.js';

/** A look-up that is under way. */
export interface RunningLookup {
  /** At least one address; rejects with an error whose code is `ENOTFOUND` or `EAI_AGAIN`. */
  addresses: Promise<readonly string[]>;
  /** Ends it; the promise rejects. */
  cancel(): void;
}

export type StartLookup = (name: string) => RunningLookup;

/** Where to look for `getent`, beside `PATH` (which cron may leave empty). */
const getentCommands: readonly string[] = ['getent', '/usr/bin/getent', '/bin/getent'];

/** For systems without `getent`: prints the same lines, or the code of the error. */
const nodeScript = `require('node:dns').lookup(process.argv[1], { all: true }, (error, found) => {
  console.log(error ? 'error ' + error.code : found.map(({ address }) => address + ' STREAM').join('\\n'));
  process.exit();
});`;

/** How long a name server may take to say why a look-up has failed, in ms. */
const reasonTimeoutMs = 2_000;

/** Maximum other Nodes at a time: each takes some 40 MB. */
const maxNodes = 8;
const pollMs = 20;

/** Exit codes of `getent`: found, not found. Others say that it does not know how. */
const [found, notFound] = [0, 2];

/** A look-up that has failed. `code` is `ENOTFOUND` or `EAI_AGAIN`, as of Node. */
export function lookupError(code: string): Error {
  return Object.assign(new Error(`lookup ${code}`), { code });
}

/**
 * Makes the function that starts look-ups.
 * @param options.commands where `getent` may be; for tests
 */
export function createSystemLookup({
  commands = getentCommands,
}: {
  commands?: readonly string[];
} = {}): StartLookup {
  /** Those that can be started; the first that works is used from then on. */
  let getents = commands;
  let nodes = 0;

  async function ask(name: string, cut: AbortSignal): Promise<readonly string[]> {
    while (getents.length > 0) {
      const { code, output, error } = await run(getents[0]!, ['ahosts', name], cut);
      if (code === found) return addressesIn(output);
      if (code === notFound) return findByQuery(name, cut);
      if (cut.aborted || isShortage(error)) break;
      getents = getents.slice(1);
    }
    while (nodes >= maxNodes && !cut.aborted) await sleep(pollMs);
    nodes += 1;
    try {
      return await askNode(name, cut);
    } finally {
      nodes -= 1;
    }
  }

  return (name) => {
    const cut = new AbortController();
    return { addresses: ask(name, cut.signal), cancel: () => cut.abort() };
  };
}

async function askNode(name: string, cut: AbortSignal): Promise<readonly string[]> {
  const { code, output, error } = await run(process.execPath, ['-e', nodeScript, '--', name], cut);
  if (cut.aborted) throw lookupError('EAI_AGAIN');
  // No process can be started: a thread remains, which cannot be stopped.
  if (isShortage(error)) return (await dns.lookup(name, { all: true })).map(({ address }) => address);
  const reason = /^error (\w+)/.exec(output)?.[1];
  if (code !== 0 || reason !== undefined) throw lookupError(reason ?? 'EAI_AGAIN');
  return addressesIn(output);
}

/**
 * `getent` does not say whether a name does not exist or could not be looked
 * up, and on a machine with one family of addresses it is silent about the other.
 */
async function findByQuery(name: string, cut: AbortSignal): Promise<readonly string[]> {
  const { Resolver } = dns; // the build loads Node's modules late, and cannot see that behind `new`
  const resolver = new Resolver({ timeout: reasonTimeoutMs, tries: 1 });
  const cancel = () => resolver.cancel();
  cut.addEventListener('abort', cancel);
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses;
    throw lookupError(answers.every(saysThereIsNone) ? 'ENOTFOUND' : 'EAI_AGAIN');
  } finally {
    cut.removeEventListener('abort', cancel);
  }
}

function saysThereIsNone(answer: PromiseSettledResult<unknown>): boolean {
  if (answer.status === 'fulfilled') return true;
  return ['ENOTFOUND', 'ENODATA', 'EBADNAME'].includes(errnoOf(answer.reason) ?? '');
}

/** Whether this machine cannot start a process now. */
function isShortage(error: unknown): boolean {
  return ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'].includes(errnoOf(error) ?? '');
}

function addressesIn(output: string): readonly string[] {
  const fields = output.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? '');
  const addresses = [...new Set(fields.filter((field) => isIP(field) !== 0))];
  if (addresses.length === 0) throw lookupError('ENOTFOUND');
  return addresses;
}

interface Finished {
  code: number | null;
  output: string;
  /** Why it could not be started. */
  error?: unknown;
}

/** Runs a command to its end, or until it is cut off. Never rejects. */
function run(command: string, args: readonly string[], cut: AbortSignal): Promise<Finished> {
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    } catch (error) {
      resolve({ code: null, output: '', error });
      return;
    }
    let output = '';
    const kill = () => void child.kill('SIGKILL');
    const finish = (finished: Finished) => {
      cut.removeEventListener('abort', kill);
      resolve(finished);
    };
    if (cut.aborted) kill();
    cut.addEventListener('abort', kill);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', (error) => finish({ code: null, output, error }));
    child.on('close', (code) => finish({ code, output }));
  });
}

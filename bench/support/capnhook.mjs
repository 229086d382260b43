/** The capnhook of this checkout, as its bundles in dist/ are now. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cleanEnv } from './env.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The library, as a module that programs of the benchmark load. */
export const library = `${root}dist/index.cjs`;

/** Whether a source is newer than what was built from it: then the numbers are those of an older capnhook. */
export function isStale() {
  const builtAt = statSync(library).mtimeMs;
  return readdirSync(`${root}src`, { recursive: true }).some(
    (name) => statSync(`${root}src/${name}`).mtimeMs > builtAt,
  );
}

/** A thing that this checkout does not have. */
export class NotThere extends Error {
  name = 'NotThere';
}

/** The words of a command: `capnhook('fire', 'complete')`. */
export function capnhook(...args) {
  return [process.execPath, `${root}bin/capnhook.js`, ...args];
}

/** A program of the benchmark, run by the same Node. */
export function program(name, ...args) {
  return [process.execPath, `${root}bench/programs/${name}`, ...args.map(String)];
}

/** `whsec_` and 32 bytes: what signatures are made with. */
export const secret = `whsec_${Buffer.alloc(32, 'capnhook').toString('base64')}`;

/**
 * Makes a spool in a directory, with a hooks file beside it.
 * @param {string} directory is made
 * @param {string} [hooks] the hooks file's text
 * @returns {{ spool: string, env: Record<string, string> }} the environment that makes capnhook use it
 */
export function makeSpool(directory, hooks) {
  mkdirSync(directory, { recursive: true });
  const spool = `${directory}/spool`;
  const config = `${directory}/hooks.yaml`;
  const env = cleanEnv({ CAPNHOOK_SPOOL: spool, CAPNHOOK_CONFIG: config, BENCH_SECRET: secret });
  if (hooks !== undefined) {
    writeFileSync(config, hooks);
    utimesSync(config, 0, 0); // a file that is just being written is waited for
  }
  run(['init'], env);
  return { spool, env };
}

/** A hooks file with one signed endpoint for the hook `complete`. */
export function signedHooks(url, { concurrency = 32 } = {}) {
  return `hooks: { complete: [receiver] }
endpoints:
  receiver: { url: "${url}", sign: [{ env: BENCH_SECRET }], concurrency: ${concurrency} }
`;
}

/**
 * Runs a command and gives what it printed.
 * @throws NotThere if this capnhook does not know it
 */
export function run(args, env = cleanEnv()) {
  const [node, ...rest] = capnhook(...args);
  const { status, stdout, stderr } = spawnSync(node, rest, { env, encoding: 'utf8' });
  if (status === 64) throw new NotThere(`this capnhook has no "${args[0]}"`);
  if (status !== 0) throw new Error(`capnhook ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
